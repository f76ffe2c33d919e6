using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>Cuts tensors along axes.</summary>
internal static class TensorChannels
{
    /// <summary>The tensor without some of its places along an axis.</summary>
    /// <param name="tensor">Of a type whose elements are whole bytes.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="kept">The places that stay, ascending.</param>
    public static Tensor Keep(Tensor tensor, int axis, IReadOnlyList<int> kept)
    {
        var dimensions = tensor.Dimensions.ToArray();
        var stride = checked((int)(dimensions[(axis + 1)..].Aggregate(1L, (product, length) => product * length) * tensor.ElementType.BitWidth() / 8));
        var (length, outer) = ((int)dimensions[axis], dimensions[..axis].Aggregate(1L, (product, count) => product * count));
        dimensions[axis] = kept.Count;
        var result = new byte[checked(outer * kept.Count * stride)];
        using var held = tensor.Hold();
        var source = tensor.Bytes;
        var end = 0;
        for (var block = 0; block < outer; block++)
            foreach (var place in kept)
            {
                source.Slice((block * length + place) * stride, stride).CopyTo(result.AsSpan(end));
                end += stride;
            }
        return Tensor.Create(tensor.ElementType, dimensions, result);
    }
}
