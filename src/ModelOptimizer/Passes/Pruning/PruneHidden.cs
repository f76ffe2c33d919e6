using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Takes neurons out of feed-forward networks: between two matrix products, gated or not.</summary>
[Description("Takes neurons out of feed-forward networks, the part of a Transformer that has most of its weights: columns of the first matrix product, or "
    + "of both gated ones, and rows of the second.")]
public sealed class PruneHidden(PruneOptions options) : IPruningPass
{
    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool RequiresData => options.NeedsData;

    /// <exception cref="DiagnosticException">An importance needs data, and the profile has no calibration data.</exception>
    public void Run(OnnxModel model, PassContext context) => new StructuredPruning(options, Selector, context, Name).Run([PruningKind.Hidden]);

    private string Name => ((IGraphPass)this).Name;
}
