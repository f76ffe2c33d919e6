using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Upsample, which became Resize with opset 10, and Resize, which must say from opset 11 on how it maps and rounds positions.</summary>
internal static class Resizing
{
    /// <summary>Opset 7: scales of height and width became scales of all axes.</summary>
    public static Outcome JoinScales(Node node)
    {
        if (node.Attributes.TryGetFloat("height_scale") is not { } height || node.Attributes.TryGetFloat("width_scale") is not { } width)
            return Outcome.Refused("it does not say its scales");
        node.Attributes.Remove("height_scale");
        node.Attributes.Remove("width_scale");
        node.Attributes.Set("scales", new[] { 1, 1, height, width });
        if (node.Attributes.TryGetString("mode") == "bilinear")
            node.Attributes.Set("mode", "linear");
        return Outcome.Done;
    }

    /// <summary>Opset 9: the scales became an input.</summary>
    public static Outcome ScalesToInput(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetFloats("scales") is not { } scales)
            return Outcome.Refused("it does not say its scales");
        node.SetInput(1, step.Constant(node, "scales", Tensor.Create([scales.Length], [.. scales])));
        node.Attributes.Remove("scales");
        return Outcome.Done;
    }

    /// <summary>Opset 10: Upsample is a Resize that never shrinks, so that it rounds down; the next version can say so.</summary>
    public static Outcome ToResize(Node node, OpsetStep step)
    {
        var mode = node.Attributes.TryGetString("mode") ?? "nearest";
        var resize = OpsetStep.Replace(node, "Resize", node.Input(0), node.Input(1));
        resize.Attributes.Set("mode", mode);
        if (step.Target > step.Version && mode == "nearest")
            resize.Attributes.Set("nearest_mode", "floor");
        return Outcome.Done;
    }

    /// <summary>
    /// Opset 11: positions were multiples of 1 ÷ scale. ONNX Runtime rounds them down where an axis grows and up where it shrinks; the standard
    /// left it open.
    /// </summary>
    public static Outcome SayRounding(Node node, OpsetStep step)
    {
        var isNearest = (node.Attributes.TryGetString("mode") ?? "nearest") == "nearest";
        if (isNearest && !node.Attributes.Has("nearest_mode"))
        {
            if (Rounding(node.Input(1)?.Constant) is not { } rounding)
                return Outcome.Refused("its scales are not constant, or some grow and some shrink, so that how it rounds can't be said");
            node.Attributes.Set("nearest_mode", rounding);
        }
        node.Attributes.Set("coordinate_transformation_mode", "asymmetric");
        node.SetInput(2, node.Input(1));
        node.SetInput(1, step.Constant(node, "roi", Tensor.Create([0], Array.Empty<float>())));
        return Outcome.Done;
    }

    private static string? Rounding(Tensor? scales) => scales is not { ElementType: DataType.Float } ? null
        : scales.AsSpan<float>().ContainsAnyInRange(0, MathF.BitDecrement(1))
            ? scales.AsSpan<float>().ContainsAnyExceptInRange(0, 1) ? null : "ceil"
            : "floor";

    /// <summary>
    /// Opset 13: tf_half_pixel_for_nn is gone, which was half_pixel without its shift by half a pixel: (x + 0.5) ÷ scale. Rounding the shifted
    /// position to the nearest is rounding this one down, and rounding it up is rounding this one to the nearest.
    /// </summary>
    public static Outcome ShiftPositions(Node node)
    {
        if (node.Attributes.TryGetString("coordinate_transformation_mode") != "tf_half_pixel_for_nn")
            return Outcome.Done;
        var isNearest = (node.Attributes.TryGetString("mode") ?? "nearest") == "nearest";
        var shifted = (node.Attributes.TryGetString("nearest_mode") ?? "round_prefer_floor") switch
        {
            "floor" when isNearest => "round_prefer_ceil",
            "round_prefer_floor" when isNearest => "ceil",
            _ => null,
        };
        if (shifted is null)
            return Outcome.Refused("it maps positions by tf_half_pixel_for_nn, which newer versions can't");
        node.Attributes.Set("coordinate_transformation_mode", "half_pixel");
        node.Attributes.Set("nearest_mode", shifted);
        return Outcome.Done;
    }
}
