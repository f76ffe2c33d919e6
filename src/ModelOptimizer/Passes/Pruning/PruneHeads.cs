using System.ComponentModel;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>Takes heads out of attention: multi-head, grouped-query or multi-query, spelled out or in one operator.</summary>
[Description("Takes heads out of attention, with their queries, keys, values and what reads them. Where several heads of queries share one of keys and "
    + "values, they go together.")]
public sealed class PruneHeads(PruneOptions options) : IPruningPass
{
    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    public bool RequiresData => options.NeedsData;

    /// <exception cref="DiagnosticException">An importance needs data, and the profile has no calibration data.</exception>
    public void Run(OnnxModel model, PassContext context) =>
        new StructuredPruning(options with { MultipleOf = 1 }, Selector, context, Name).Run([PruningKind.Heads]);

    private string Name => ((IGraphPass)this).Name;
}
