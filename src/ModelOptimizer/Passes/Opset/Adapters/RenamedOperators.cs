using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What only goes by another name.</summary>
internal static class RenamedOperators
{
    /// <summary>Opset 11: Scatter became ScatterElements.</summary>
    public static Outcome ToScatterElements(Node node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        OpsetStep.Replace(node, "ScatterElements", node.Input(0), node.Input(1), node.Input(2)).Attributes.Set("axis", axis);
        return Outcome.Done;
    }

    /// <summary>Opset 20: images may have any number of axes, so that interpolation is not called after two.</summary>
    public static Outcome GridSampleMode(Node node)
    {
        var mode = node.Attributes.TryGetString("mode");
        if (mode is "bilinear" or "bicubic")
            node.Attributes.Set("mode", mode["bi".Length..]);
        return Outcome.Done;
    }
}
