using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>The noise that changed copies of a model leave at its outputs, on samples that it answers once.</summary>
internal sealed class OutputNoise
{
    private readonly IInferenceEngine _engine;
    private readonly List<Reference> _references = [];

    /// <param name="model">What copies are held against; stays as it is.</param>
    /// <param name="samples">Those that it answers.</param>
    /// <param name="counts">Whether an output counts; null takes all.</param>
    /// <exception cref="DiagnosticException">The model can't be run, or the data does not fit.</exception>
    public OutputNoise(IInferenceEngine engine, OnnxModel model, IEnumerable<Sample> samples, Func<string, bool>? counts = null)
    {
        _engine = engine;
        using var original = ModelRunner.Open(engine, model, "original");
        foreach (var sample in samples)
            _references.Add(new Reference(sample, original.Run(sample).Where(output => counts?.Invoke(output.Key) != false).ToDictionary()));
    }

    public int Samples => _references.Count;

    /// <summary>What samples and answers take.</summary>
    public long Bytes => _references.Sum(reference => reference.Bytes);

    /// <summary>Noise power over signal power at a copy's worst output; infinite where it can't be run.</summary>
    public double Of(OnnxModel copy)
    {
        var meter = new NoiseMeter(null);
        return TryRun(copy, meter.Add) ? meter.Ratio : double.PositiveInfinity;
    }

    /// <summary>
    /// The noise power that a copy leaves on each sample, over the signal power of all samples, added up over outputs; null where it can't be run.
    /// </summary>
    public double[]? OfSamples(OnnxModel copy)
    {
        var (signals, noises) = (new Dictionary<string, double>(), new List<List<(string Output, double Noise)>>());
        if (!TryRun(copy, Add))
            return null;
        return [.. noises.Select(sample => sample.Sum(one => NoiseMeter.Divide(one.Noise, signals[one.Output])))];

        void Add(IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual)
        {
            noises.Add([]);
            foreach (var (name, x) in expected)
                if (x is not null && OutputElements.CanRead(x.ElementType))
                {
                    var (signal, noise) = NoiseMeter.Compare(x, actual.GetValueOrDefault(name));
                    signals[name] = signals.GetValueOrDefault(name) + signal;
                    noises[^1].Add((name, noise));
                }
        }
    }

    private bool TryRun(OnnxModel copy, Action<IReadOnlyDictionary<string, Tensor?>, IReadOnlyDictionary<string, Tensor?>> compare)
    {
        try
        {
            using var runner = ModelRunner.Open(_engine, copy, "result");
            foreach (var reference in _references)
                compare(reference.Outputs, runner.Run(reference.Sample));
            return true;
        }
        catch (DiagnosticException)
        {
            return false;
        }
    }
}
