using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Where a default changed or came into being, a node that relied on the old one must say it.</summary>
internal static class AddedDefaults
{
    /// <summary>Opset 4: the axis, 1 when left out before, has to be said.</summary>
    public static Outcome ConcatAxis(Node node)
    {
        if (!node.Attributes.Has("axis"))
            node.Attributes.Set("axis", 1);
        return Outcome.Done;
    }

    /// <summary>Opset 6: the defaults got more digits.</summary>
    public static Outcome Selu(Node node)
    {
        if (!node.Attributes.Has("alpha"))
            node.Attributes.Set("alpha", 1.6732f);
        if (!node.Attributes.Has("gamma"))
            node.Attributes.Set("gamma", 1.0507f);
        return ObsoleteAttributes.DropConsumedInputs(node);
    }

    /// <summary>Opset 16: regions are shifted by half a pixel unless told otherwise.</summary>
    public static Outcome RoiAlignMode(Node node)
    {
        node.Attributes.Set("coordinate_transformation_mode", "output_half_pixel");
        return Outcome.Done;
    }
}
