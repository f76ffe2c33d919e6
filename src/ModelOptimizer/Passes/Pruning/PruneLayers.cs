using System.ComponentModel;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes residual blocks out of a model, whole: x + f(x) becomes x. Which ones is measured, each time anew for those that are left (after Men et al.,
/// "ShortGPT", arXiv 2403.03853, by outputs instead of similarity).
/// </summary>
[Description("Takes whole residual blocks out, such as attention or a feed-forward network with the sum behind it: those that outputs miss least, as measured on "
    + "calibration data. The one way of pruning that makes a model less deep.")]
public sealed class PruneLayers(PruneLayersOptions options) : IPruningPass
{
    public NodeSelector Selector { get; } = new(options);

    public NumericEffect Effect => NumericEffect.Lossy;

    /// <exception cref="DiagnosticException">The profile has no calibration data.</exception>
    public void Run(OnnxModel model, PassContext context)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        var data = context.Calibration is { HasSamples: true } given ? given : throw new DiagnosticException(DiagnosticCatalog.CalibrationMissing,
            "prune-layers measures what outputs miss: add 'calibration: { data: … }' to the profile, with some dozens of typical inputs", options.Location);
        context.InferTypes();
        var blocks = ResidualBlock.Find(model).Where(block => IsSelected(block, context)).ToList();
        var count = (int)(blocks.Count * options.Ratio.Value + 1e-9);
        if (count == 0)
        {
            blocks.ForEach(block => context.Refuse(block.Sum, $"{options.Ratio} of {blocks.Count} residual blocks is none"));
            return;
        }
        var original = model.Clone(out var copies);
        var changed = Take(blocks, count, PruningTrials.Meter(context, data, "prune-layers", options.Location), context);
        if (changed.Count == 0)
            return;
        context.ForgetOriginal();
        if (!options.Recover)
            return;
        context.Narrowed?.Invoke("prune-layers");
        var recovery = new Recovery(context, original, copies, data, (_, _) => null);
        recovery.Run(FirstLayers(model, changed));
        recovery.Report("prune-layers", options.Location);
    }

    private bool IsSelected(ResidualBlock block, PassContext context)
    {
        var parts = block.Nodes.SelectMany(node => node.Inputs.Where(input => input?.Constant is not null).DefaultIfEmpty().Select(weight => (Node: node, Weight: (Value?)weight)))
            .Append((Node: block.Sum, Weight: null)).ToList();
        // One match is enough to take a block, and one to leave it.
        var refusals = parts.ConvertAll<string?>(part => Selector.Refusal(part.Node, part.Weight));
        var refusal = parts.Select<(Node Node, Value? Weight), string?>(part => Selector.Exclusion(part.Node, part.Weight)).FirstOrDefault(why => why is not null)
            ?? (refusals.TrueForAll(why => why is not null) ? refusals[0] : null);
        if (refusal is not null)
            context.Refuse(block.Sum, refusal);
        return refusal is null;
    }

    /// <summary>Takes out the blocks that outputs miss least, one after the other.</summary>
    /// <returns>The values that go through where blocks were.</returns>
    private static List<Value> Take(List<ResidualBlock> blocks, int count, OutputMeter meter, PassContext context)
    {
        var through = new List<Value>();
        for (var taken = 0; taken < count && !context.IsDone; taken++)
        {
            blocks.RemoveAll(block => block.Sum.Graph is null);
            if (blocks.Count == 0)
                break;
            var errors = blocks.ConvertAll(block => Error(block, meter, context.Model));
            var least = errors.IndexOf(errors.Min());
            if (!double.IsFinite(errors[least]))
                break;
            var (sum, skip) = (blocks[least].Sum, blocks[least].Skip);
            if (context.Rewriting(string.Create(CultureInfo.InvariantCulture, $"take the residual block out, without which outputs miss {errors[least]:0.0%}, that ends at"), sum))
            {
                through.Add(skip);
                sum.ReplaceWith(skip);
                // Blocks within this one go with it.
                new EliminateDeadNodes().Run(context.Model, context);
            }
            // What began with the sum begins with what goes through.
            var gone = sum.Outputs[0]!;
            blocks = [.. blocks.Where((_, i) => i != least).Select(block => block.Skip == gone ? block with { Skip = skip } : block)];
        }
        foreach (var block in blocks.Where(block => block.Sum.Graph is not null))
            context.Refuse(block.Sum, "outputs miss its block more than others");
        return through;
    }

    /// <returns>Noise over signal, the mean of all outputs.</returns>
    private static double Error(ResidualBlock block, OutputMeter meter, OnnxModel model)
    {
        var copy = model.Clone(out var copies);
        copies[block.Sum.Output()]!.ReplaceAllUsesWith(copies[block.Skip]!);
        return meter.Measure(copy, meter.Deciding);
    }

    /// <summary>What can be fitted of what reads the values, directly or behind what is no layer.</summary>
    private static HashSet<Node> FirstLayers(OnnxModel model, List<Value> values)
    {
        var (reached, layers) = (values.ToHashSet(), new HashSet<Node>());
        foreach (var node in model.Graph.Nodes.Where(node => node.Inputs.Any(input => input is not null && reached.Contains(input))))
        {
            var isLayer = RefitLayer.Of(node).Layer is not null;
            if (isLayer || RefitStatistics.Of(node) is not null)
                layers.Add(node);
            if (!isLayer)
                reached.UnionWith(node.Outputs.OfType<Value>());
        }
        return layers;
    }
}
