using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;

namespace ModelOptimizer.Pruning;

/// <summary>Measures how far outputs of a model are from what they were without some of its channels.</summary>
/// <param name="model">The model, types inferred; it stays as it is.</param>
internal sealed class PruningTrials(OnnxModel model, OutputMeter meter)
{
    /// <summary>A meter of the outputs of a pass's model.</summary>
    /// <exception cref="DiagnosticException">They tell nothing, or the data is missing or does not fit.</exception>
    public static OutputMeter Meter(PassContext context, CalibrationData data, string pass, SourceLocation? location)
    {
        var meter = new OutputMeter(context.Engine, context.Model, new SampleSplit(data, context.Model));
        return meter.IsTelling ? meter : throw Untold(pass, "are whole numbers, or zero throughout, which don't tell how nearly right they are", location);
    }

    /// <summary>What is said where outputs can't choose.</summary>
    /// <param name="why">Goes on from "the outputs …".</param>
    public static DiagnosticException Untold(string pass, string why, SourceLocation? location) => new(DiagnosticCatalog.OutputsTellNothing,
        $"{pass} chooses by what outputs miss, and on the calibration data the outputs {why}. Give a ratio for each group, and an importance other than loss", location);

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
