using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Sizing;

namespace ModelOptimizer.Pruning;

/// <summary>Measures how far outputs of a model are from what they were without some of its channels.</summary>
/// <param name="model">The model, types inferred; it stays as it is.</param>
internal sealed class PruningTrials(OnnxModel model, OutputMeter meter)
{
    /// <param name="removed">Classes of channels that go, by their first channels.</param>
    /// <returns>Noise over signal, the mean of all outputs.</returns>
    public double Error(IEnumerable<int> removed)
    {
        var copy = model.Clone();
        // The copy's channels have the same numbers: they are counted in the order of nodes.
        new Narrowing(copy, ChannelMap.Of(copy), removed.ToHashSet()).Run();
        return meter.Measure(copy, meter.Deciding);
    }
}
