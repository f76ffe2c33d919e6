using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What trials may hold of the memory for the values of samples.</summary>
/// <param name="memory">All of it, in bytes.</param>
/// <param name="one">What a sample with its answers takes, in bytes.</param>
internal sealed class TrialBudget(long memory, long one)
{
    /// <summary>Bytes of samples and answers, where more than the fewest are kept.</summary>
    private const long Held = 128L << 20;

    /// <summary>Bytes of weights that models measured side by side may hold together.</summary>
    private const long Ceiling = 1L << 30;

    /// <summary>How many samples may judge; fewer than the fewest where memory ends before.</summary>
    public int Samples => (int)Math.Min(Math.Clamp(Held / Math.Max(1, one), TrialSamples.Fewest, TrialSamples.Most), memory / Math.Max(1, one));

    /// <summary>How many models may run side by side, each with a sample and answers of its own beside those that are held.</summary>
    /// <param name="held">Bytes.</param>
    public int Sessions(OnnxModel model, long held) =>
        (int)Math.Clamp((memory - held) / Math.Max(1, one), 1, SideBySide.Fitting(model, Math.Min(Ceiling, memory)));
}
