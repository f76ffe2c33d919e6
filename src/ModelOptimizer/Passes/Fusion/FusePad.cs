using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets a Conv or a pool pad by itself.
/// <code>
/// Conv(Pad(x, pads), W)         =>  Conv(x, W, pads)
/// AveragePool(Pad(x, pads))     =>  AveragePool(x, pads, count_include_pad = 1)
/// MaxPool(Pad(x, pads, −inf))   =>  MaxPool(x, pads)
/// </code>
/// </summary>
[Description("Lets a Conv or a pool pad by itself instead of a Pad before it.")]
public sealed class FusePad : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Pad" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Output().Uses is not [{ Index: 0, User: var reader }] || reader.Graph != node.Graph)
            return Outcome.Done;
        var opset = context.Opset(node.Graph!);
        if (opset < ConstantPad.OldestOpset || !reader.Is("Conv", "AveragePool", "MaxPool"))
            return Outcome.Done;
        if (node.Attributes.TryGetString("mode") is not (null or "constant"))
            return Outcome.Done;
        if (reader.Attributes.HasReferences)
            return Outcome.Refused("an attribute comes from the function's caller");
        if (SpatialAxes(reader) is not { } axes || ConstantPad.Read(node, opset, axes + 2) is not { } pad)
            return Outcome.Refused("its widths, value or axes are not known");
        if (pad.Refusal(reader, node.Input(0)!, opset) is { } why)
            return Outcome.Refused(why);
        if (!context.Rewriting($"fold Pad into {reader.OpType}", node))
            return Outcome.Done;
        Widen(reader, pad.Spatial);
        node.ReplaceWith(node.Input(0)!);
        return Outcome.Done;
    }

    private static int? SpatialAxes(Node reader) =>
        reader.Attributes.TryGetInts("kernel_shape")?.Length ?? reader.Input(1)?.Constant?.Dimensions.Length - 2;

    private static void Widen(Node reader, long[] widths)
    {
        var own = reader.Attributes.TryGetString("auto_pad") == "VALID" ? null : reader.Attributes.TryGetInts("pads");
        reader.Attributes.Set("pads", widths.Select((width, i) => width + (own?[i] ?? 0)));
        reader.Attributes.Remove("auto_pad");
        if (reader.Is("AveragePool"))
            reader.Attributes.Set("count_include_pad", 1L);
    }
}
