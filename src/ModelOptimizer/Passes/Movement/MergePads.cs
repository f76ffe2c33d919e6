using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Pad of two in a row that pad with the same constant.
/// <code>
/// Pad(Pad(x, [1,1]), [0,2])  =>  Pad(x, [1,3])
/// </code>
/// </summary>
[Description("Makes one Pad of two in a row that pad with the same constant.")]
public sealed class MergePads : NodeRewrite
{
    private const long FillingAsInput = 11;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Pad" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } before || !before.Is("Pad") || before.Attributes.HasReferences)
            return Outcome.Done;
        var opset = context.Opset(node.Graph!);
        if (Pads(before, opset) is not { } first || Pads(node, opset) is not { } second || first.Length != second.Length)
            return Outcome.Refused("one of both pads in another way than all axes by constant numbers");
        if (first.Concat(second).Any(pad => pad < 0))
            return Outcome.Refused("one of both crops");
        if (!HaveSameFilling(before, node, opset))
            return Outcome.Refused("both fill in different numbers");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        node.SetInput(0, before.Input(0));
        PadsOperand.Set(node, [.. first.Zip(second, (inner, outer) => inner + outer)], opset);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    private static long[]? Pads(Node pad, long opset) =>
        pad.Attributes.TryGetString("mode") is null or "constant" ? PadsOperand.Of(pad, opset) : null;

    private static bool HaveSameFilling(Node first, Node second, long opset)
    {
        if (opset < FillingAsInput)
            return BitConverter.SingleToInt32Bits(first.Attributes.GetFloat("value", 0)) == BitConverter.SingleToInt32Bits(second.Attributes.GetFloat("value", 0));
        var (one, other) = (first.Input(2), second.Input(2));
        if (one == other)
            return true;
        return IsPlainZero(one) ? IsPlainZero(other) : one?.Constant is { } a && other?.Constant is { } b && a.Bytes.SequenceEqual(b.Bytes);
    }

    private static bool IsPlainZero(Value? filling) => filling is null || (filling.Constant is { } constant && UnitTensors.AreZeros(constant));
}
