using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The widths of Pad had two names as an attribute before they became an input.</summary>
internal static class PadInputs
{
    /// <summary>Opset 2: <c>paddings</c> became <c>pads</c>.</summary>
    public static Outcome Rename(Node node)
    {
        if (node.Attributes.TryGetInts("paddings") is not { } paddings)
            return Outcome.Refused("it does not say how far to pad");
        node.Attributes.Remove("paddings");
        node.Attributes.Set("pads", paddings);
        return Outcome.Done;
    }

    /// <summary>Opset 11: widths and value became inputs.</summary>
    public static Outcome Convert(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetInts("pads") is not { } pads)
            return Outcome.Refused("it does not say how far to pad");
        var value = node.Attributes.GetFloat("value", 0);
        if (value != 0)
        {
            if (OperandTypes.Scalar(node, value) is not { } constant)
                return Outcome.Refused(OperandTypes.UnknownType);
            node.SetInput(2, step.Constant(node, "value", constant));
        }
        node.SetInput(1, step.Int64s(node, "pads", pads.AsSpan()));
        node.Attributes.Remove("pads");
        node.Attributes.Remove("value");
        return Outcome.Done;
    }
}
