using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Puts the body in the place of a Scan over an axis of length 1.
/// <code>
/// s, ys = Scan(s, xs: float[1,3]) { (s, x) -> (Add(s, x), Neg(x)) }  =>  x = Squeeze(xs, 0); s = Add(s, x); ys = Unsqueeze(Neg(x), 0)
/// </code>
/// </summary>
[Description("Puts the body in the place of a Scan over an axis of length 1.")]
public sealed class InlineScan : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Scan" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var opset = context.Opset(node.Graph!);
        if (LoopSlots.Of(node, opset) is not { } slots || !TakesOneStep(node, slots))
            return Outcome.Done;
        if (context.Rewriting("inline the body of a Scan that takes one step", node))
            Inline(node, slots, opset);
        return Outcome.Done;
    }

    /// <summary>All scanned inputs have the same length along their axes: to know one is enough.</summary>
    private static bool TakesOneStep(Node scan, LoopSlots slots) => Enumerable.Range(slots.Carried, scan.Inputs.Count - slots.Carried)
        .Any(input => scan.Input(input)!.Type?.Shape is { } shape && Axis(scan, "scan_input_axes", input - slots.Carried) is var axis
            && axis >= -shape.Rank && axis < shape.Rank && shape[(int)axis].Value == 1);

    private static long Axis(Node scan, string attribute, int index) => scan.Attributes.TryGetInts(attribute) is { } axes && index < axes.Length ? axes[index] : 0;

    private static void Inline(Node node, LoopSlots slots, long opset)
    {
        var carried = slots.Carried;
        var arguments = node.Inputs.Select((input, i) => i < carried ? input! : Slice(node, input!, Axis(node, "scan_input_axes", i - carried), opset)).ToArray();
        var results = node.Graph!.InlineBody(slots.Body, arguments);
        for (var slot = 0; slot < node.Outputs.Count; slot++)
            if (slots.IsUsed(slot))
                Inlining.ReplaceOutput(node.Output(slot), slot < carried
                    ? results[slot]
                    : Inlining.WithAxis(node, results[slot], Axis(node, "scan_output_axes", slot - carried), opset));
        node.Remove();
    }

    private static Value Slice(Node scan, Value scanned, long axis, long opset)
    {
        var squeeze = scan.Graph!.Insert(scan, "Squeeze", [scanned], name: $"{scan.Name}_step");
        AxesOperand.Set(squeeze, [axis], opset);
        return squeeze.Output();
    }
}
