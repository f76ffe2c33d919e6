using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets the body of a Loop or Scan read from outside what it would carry unchanged from step to step.
/// <code>
/// Loop(n, c, x, w) { (i, c, x, w) -> (c, MatMul(x, w), w) }  =>  Loop(n, c, x) { (i, c, x) -> (c, MatMul(x, w)) }
/// </code>
/// </summary>
[Description("Lets the body of a Loop or Scan read from outside what it would carry unchanged from step to step.")]
public sealed class CaptureInvariants : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Loop", "Scan" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (LoopSlots.Of(node, context.Opset(node.Graph!)) is not { } slots)
            return Outcome.Done;
        for (var slot = slots.Carried - 1; slot >= 0; slot--)
            // The format wants one output: a last one stays, and the node is dead once nothing reads it.
            if (slots.Count > 1 && Source(slots.Result(slot)) == slots.Formal(slot) && context.Rewriting($"read '{slots.Initial(slot)}' from outside, which never changes", node))
                Capture(slots, slot);
        return Outcome.Done;
    }

    /// <summary>The value behind Identity nodes, one of which the format needs to hand an input out again.</summary>
    private static Value Source(Value value)
    {
        while (value.Producer is { } producer && producer.Is("Identity"))
            value = producer.Input(0)!;
        return value;
    }

    private static void Capture(LoopSlots slots, int slot)
    {
        slots.Formal(slot).ReplaceAllUsesWith(slots.Initial(slot));
        if (slots.Node.Outputs[slot] is { } output)
            Inlining.ReplaceOutput(output, slots.Initial(slot));
        slots.RemoveOutput(slot);
        slots.RemoveInput(slot);
    }
}
