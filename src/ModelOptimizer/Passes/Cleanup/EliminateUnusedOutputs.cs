using System.Collections.Frozen;
using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Leaves out outputs that nothing reads where the operator lets them be left out: the runtime need not compute them.
/// <code>
/// y, indices = MaxPool(x), indices unused  =>  y = MaxPool(x)
/// </code>
/// </summary>
[Description("Leaves out optional outputs that nothing reads, so that the runtime need not compute them.")]
public sealed class EliminateUnusedOutputs : NodeRewrite
{
    /// <summary>The first output from which on all are optional. Not BatchNormalization: old versions train when they have a second one.</summary>
    private static readonly FrozenDictionary<string, int> FirstOptional = new Dictionary<string, int>
    {
        ["Dropout"] = 1,
        ["GRU"] = 0,
        ["LayerNormalization"] = 1,
        ["LSTM"] = 0,
        ["MaxPool"] = 1,
        ["RNN"] = 0,
        ["Unique"] = 1,
    }.ToFrozenDictionary();

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = FirstOptional.Keys.ToHashSet();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var unused = Enumerable.Range(0, node.Outputs.Count).Skip(FirstOptional[node.OpType]).Where(i => node.Outputs[i]?.Uses.Count == 0).ToList();
        if (unused.Count == 0 || !node.Outputs.Any(output => output?.Uses.Count > 0))
            return Outcome.Done;
        if (!context.Rewriting($"leave out {unused.Count} unused outputs of {node.OpType}", node))
            return Outcome.Done;
        foreach (var index in unused.AsEnumerable().Reverse())
            node.ClearOutput(index);
        return Outcome.Done;
    }
}
