using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes away what a Loop or Scan carries or collects for nobody: outputs that nothing reads and, of carried ones, that no other slot and
/// no condition is computed from.
/// <code>
/// y, z = Loop(n, c, x, s) { (i, c, x, s) -> (c, Relu(x), Add(s, x)) }, z unused  =>  y = Loop(n, c, x) { (i, c, x) -> (c, Relu(x)) }
/// </code>
/// </summary>
[Description("Takes away what a Loop or Scan carries or collects for nobody.")]
public sealed class EliminateUnusedLoopValues : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Loop", "Scan" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (LoopSlots.Of(node, context.Opset(node.Graph!)) is not { } slots || !Enumerable.Range(0, slots.Count).Any(slots.IsUsed))
            return Outcome.Done;
        var needed = LoopLiveness.NeededSlots(slots);
        var unneeded = Enumerable.Range(0, slots.Count).Where(slot => !needed.Contains(slot)).Reverse().ToList();
        if (unneeded.Count > 0 && context.Rewriting($"remove {unneeded.Count} outputs that nothing reads", node))
            Remove(slots, unneeded);
        return Outcome.Done;
    }

    /// <param name="unneeded">Last first.</param>
    private static void Remove(LoopSlots slots, List<int> unneeded)
    {
        foreach (var slot in unneeded)
            slots.RemoveOutput(slot);
        RemoveDeadNodes(slots.Body);
        foreach (var slot in unneeded.Where(slot => slot < slots.Carried))
            slots.RemoveInput(slot);
    }

    /// <summary>What computed the unneeded slots from each other must not outlive them: nothing feeds it any more.</summary>
    private static void RemoveDeadNodes(Graph body)
    {
        foreach (var node in body.Nodes.Reverse().ToList())
            if (node.Outputs.All(output => output is null || output.Uses.Count == 0))
                node.Remove();
    }
}
