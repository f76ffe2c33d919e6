using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Gives the inputs of bodies the types that their node feeds them.</summary>
internal static class BodyInputs
{
    public static void Refine(Node owner, Graph body)
    {
        if (owner.Is("Loop"))
            RefineLoop(owner, body);
        else if (owner.Is("Scan") && owner.Attributes.TryGetInt("num_scan_inputs") is { } scanned && owner.Inputs.Count == body.Inputs.Count)
            RefineScan(owner, body, owner.Inputs.Count - (int)scanned);
    }

    private static void RefineLoop(Node loop, Graph body)
    {
        if (body.Inputs.Count < 2)
            return;
        body.Inputs[0].Refine(new TensorType(DataType.Int64, Shape.Scalar));
        body.Inputs[1].Refine(new TensorType(DataType.Bool, Shape.Scalar));
        for (var i = 2; i < body.Inputs.Count; i++)
            RefineCarried(body.Inputs[i], loop.Input(i));
    }

    /// <param name="carried">How many inputs are carried from step to step; the others are cut along an axis, one slice a step.</param>
    private static void RefineScan(Node scan, Graph body, int carried)
    {
        var axes = scan.Attributes.TryGetInts("scan_input_axes");
        for (var i = 0; i < body.Inputs.Count; i++)
            if (i < carried)
                RefineCarried(body.Inputs[i], scan.Input(i));
            else if (scan.Input(i)?.Type is { } type)
                body.Inputs[i].Refine(type with { Shape = Without(type.Shape, (int)(axes?[i - carried] ?? 0)) });
    }

    /// <summary>Only the element type: the shape of a carried value may change from step to step.</summary>
    private static void RefineCarried(Value formal, Value? initial)
    {
        if (initial?.Type is { } type)
            formal.Refine(type with { Shape = null });
    }

    private static Shape? Without(Shape? shape, int axis) =>
        shape is null ? null : new Shape(shape.Dimensions.RemoveAt(axis < 0 ? axis + shape.Rank : axis));
}
