using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>Finds out what quantization made of the time of each operator.</summary>
public sealed class OperatorProfiler(IInferenceEngine engine)
{
    /// <summary>Single-threaded, as accuracy is measured, too.</summary>
    private const int Threads = 1;

    /// <summary>Profiles both models in interleaved rounds.</summary>
    /// <param name="settings">The data to run on; inputs are made up where it names none.</param>
    /// <exception cref="Diagnostics.DiagnosticException">The data don't fit, or the runtime can't run one of the models.</exception>
    public (OperatorComparison Comparison, BenchSamples Samples) Compare(OnnxModel original, OnnxModel result, DataSettings settings,
        CancellationToken cancellation = default)
    {
        var samples = BenchSamples.Take(engine, [original, result], settings);
        var (before, after) = (DistinctNames.In(original), DistinctNames.In(result));
        var kernels = new LatencyBench(engine, [("original", before), ("result", after)], samples).Profile(Threads, new RoundSettings(), cancellation);
        return (OperatorComparison.Of(before, kernels[0], after, kernels[1]), samples);
    }
}
