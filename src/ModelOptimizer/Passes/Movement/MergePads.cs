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
    /// <summary>The first opset that takes the numbers as inputs.</summary>
    private const long WithInputs = 11;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Pad" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } before || !before.Is("Pad") || before.Attributes.HasReferences)
            return Outcome.Done;
        var areInputs = context.Opset(node.Graph!) >= WithInputs;
        if (Pads(before, areInputs) is not { } first || Pads(node, areInputs) is not { } second || first.Length != second.Length)
            return Outcome.Refused("one of both pads in another way than all axes by constant numbers");
        if (first.Concat(second).Any(pad => pad < 0))
            return Outcome.Refused("one of both crops");
        if (!HaveSameFilling(before, node, areInputs))
            return Outcome.Refused("both fill in different numbers");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        node.SetInput(0, before.Input(0));
        SetPads(node, [.. first.Zip(second, (inner, outer) => inner + outer)], areInputs);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>The numbers of a Pad that fills all axes with a constant; null for others. Before opset 2 they had another name.</summary>
    private static long[]? Pads(Node pad, bool areInputs) =>
        pad.Attributes.TryGetString("mode") is null or "constant" && !(areInputs && pad.Input(3) is not null)
            ? Operands.Int64s(pad, "pads", 1, areInputs)
            : null;

    private static bool HaveSameFilling(Node first, Node second, bool areInputs)
    {
        if (!areInputs)
            return BitConverter.SingleToInt32Bits(first.Attributes.GetFloat("value", 0)) == BitConverter.SingleToInt32Bits(second.Attributes.GetFloat("value", 0));
        var (one, other) = (first.Input(2), second.Input(2));
        if (one == other)
            return true;
        return IsPlainZero(one) ? IsPlainZero(other) : one?.Constant is { } a && other?.Constant is { } b && a.Bytes.SequenceEqual(b.Bytes);
    }

    private static bool IsPlainZero(Value? filling) => filling is null || (filling.Constant is { } constant && UnitTensors.AreZeros(constant));

    private static void SetPads(Node pad, long[] pads, bool areInputs)
    {
        if (areInputs)
            pad.SetInput(1, pad.Graph!.AddConstant("pads", Tensor.Create([pads.Length], pads)));
        else
            pad.Attributes.Set("pads", pads);
    }
}
