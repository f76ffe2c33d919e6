using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Makes convolutions and matrix products narrower: channels go with everything that belongs to them, see <see cref="PruningGroup"/>.</summary>
[Description("Takes channels of convolutions and widths of matrix products out of the model, with biases, normalizations and whatever else belongs to "
    + "them, across residual sums, concatenations and depthwise convolutions. Smaller and faster in any runtime. 'inspect --prunable' lists the groups.")]
public sealed class PruneChannels(PruneOptions options) : IPruningPass
{
    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool RequiresData => options.NeedsData;

    /// <exception cref="DiagnosticException">An importance needs data, and the profile has no calibration data.</exception>
    public void Run(OnnxModel model, PassContext context) =>
        new StructuredPruning(options, Selector, context, Name).Run([PruningKind.Channels, PruningKind.Hidden]);

    private string Name => ((IGraphPass)this).Name;
}
