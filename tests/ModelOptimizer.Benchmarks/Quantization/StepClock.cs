using System.Diagnostics;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>Times the steps that an optimization reports.</summary>
/// <param name="within">What is reported on the way of other steps, and counts with them.</param>
internal sealed class StepClock(params string[] within) : IProgress<string>
{
    private readonly Stopwatch _watch = new();
    private readonly Dictionary<string, double> _seconds = [];
    private string _step = "";

    /// <summary>A step ends where the next begins.</summary>
    public void Report(string value)
    {
        if (within.Contains(value))
            return;
        _seconds[_step] = _seconds.GetValueOrDefault(_step) + _watch.Elapsed.TotalSeconds;
        _watch.Restart();
        _step = value;
    }

    /// <summary>By step: what those took that have ended, in seconds.</summary>
    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    /// <summary>What all steps took that have ended, but for those of these names.</summary>
    public double SecondsBut(IReadOnlyCollection<string> steps) => _seconds.Where(step => step.Key.Length > 0 && !steps.Contains(step.Key)).Sum(step => step.Value);
}
