using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Attributes that became integers.</summary>
internal static class IntegerAttributes
{
    /// <summary>Opset 2: the order p of the norm was a float.</summary>
    public static Outcome ConvertNorm(Node node)
    {
        if (node.Attributes.TryGetFloat("p") is not { } p)
            return Outcome.Done;
        if (p != MathF.Truncate(p) || p is < 1 or > 1 << 20)
            return Outcome.Refused("the order of its norm is no whole number");
        node.Attributes.Set("p", (long)p);
        return Outcome.Done;
    }

    /// <summary>Opset 2: besides, the kernel's shape has to be said.</summary>
    public static Outcome ConvertPool(Node node) =>
        node.Attributes.Has("kernel_shape") ? ConvertNorm(node) : Outcome.Refused("it does not say the shape of its kernel");

    /// <summary>Opset 6: the type was spelt: <c>FLOAT</c>.</summary>
    public static Outcome ConvertCast(Node node)
    {
        if (!Enum.TryParse<DataType>(node.Attributes.TryGetString("to"), ignoreCase: true, out var type) || !Enum.IsDefined(type))
            return Outcome.Refused("the type that it casts to is unknown");
        node.Attributes.Set("to", (long)type);
        return Outcome.Done;
    }
}
