using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Axes that became an input: of Squeeze, Unsqueeze and ReduceSum with opset 13, of the other reductions with 18, of DFT with 20.</summary>
internal static class AxesInputs
{
    public static Outcome Convert(Node node, OpsetStep step)
    {
        var axes = node.Attributes.TryGetInts("axes");
        if (axes is null && node.OpType == "Unsqueeze")
            return Outcome.Refused("it does not say its axes");
        // None means all to the others, said or not.
        if (axes is { Length: > 0 } || node.OpType == "Unsqueeze")
            node.SetInput(1, step.Int64s(node, "axes", axes!.Value.AsSpan()));
        node.Attributes.Remove("axes");
        return Outcome.Done;
    }

    /// <summary>The default changed, too: from the second axis to the last but one.</summary>
    public static Outcome ConvertDft(Node node, OpsetStep step)
    {
        node.SetInput(2, step.Constant(node, "axis", Tensor.Create([], node.Attributes.GetInt("axis", 1))));
        node.Attributes.Remove("axis");
        return Outcome.Done;
    }
}
