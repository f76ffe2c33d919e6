using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The numbers by which a Pad widens all axes, which opset 11 made an input.</summary>
internal static class PadsOperand
{
    private const long AsInput = 11;

    /// <summary>First those before, then those behind; null when they are not constant or name their axes.</summary>
    public static long[]? Of(Node pad, long opset) =>
        opset >= AsInput && pad.Input(3) is not null ? null : Operands.Int64s(pad, "pads", 1, opset >= AsInput);

    public static void Set(Node pad, long[] pads, long opset)
    {
        if (opset < AsInput)
            pad.Attributes.Set("pads", pads);
        else
            pad.SetInput(1, pad.Graph!.AddConstant("pads", Tensor.Create([pads.Length], pads)));
    }
}
