using System.Runtime.InteropServices;

namespace ModelOptimizer.Onnx;

/// <summary>Reads what a Constant node holds in any of its attribute forms.</summary>
internal static class ConstantNode
{
    /// <summary>The tensor, or null when the attribute is a reference to a function's parameter or sparse.</summary>
    public static Tensor? Read(NodeAttributes attributes)
    {
        if (attributes.GetTensor("value") is { } tensor)
            return tensor;
        if (attributes.TryGetFloat("value_float") is { } f)
            return Tensor.Create([], f);
        if (attributes.TryGetInt("value_int") is { } i)
            return Tensor.Create([], i);
        if (attributes.TryGetFloats("value_floats") is { } floats)
            return Tensor.Create([floats.Length], ImmutableCollectionsMarshal.AsArray(floats)!);
        if (attributes.TryGetInts("value_ints") is { } ints)
            return Tensor.Create([ints.Length], ImmutableCollectionsMarshal.AsArray(ints)!);
        return null;
    }
}
