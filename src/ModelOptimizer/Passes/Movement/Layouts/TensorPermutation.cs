using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Transposes constants.</summary>
internal static class TensorPermutation
{
    /// <summary>Constants up to this size may be stored once more, in another layout.</summary>
    private const long SmallBytes = 4 << 10;

    /// <summary>
    /// Whether a constant may take part in another layout: it is one element, or is aligned with the axes at the end and costs no bytes worth
    /// mentioning.
    /// </summary>
    public static bool CanPermute(Value constant, int rank) => constant.Constant is { } tensor && tensor.Dimensions.Length <= rank
        && (tensor.ElementCount == 1 || (tensor.ElementType.BitWidth() >= 8 && (constant.Uses.Count == 1 || tensor.ByteCount <= SmallBytes)));

    /// <summary>The constant that broadcasts to the transposed values as this one does to the values; itself when it is one element.</summary>
    public static Value Permuted(this Value constant, ImmutableArray<long> order, Graph graph)
    {
        if (constant.Constant is not { ElementCount: not 1 } tensor)
            return constant;
        long[] aligned = [.. Enumerable.Repeat(1L, order.Length - tensor.Dimensions.Length), .. tensor.Dimensions];
        return graph.AddConstant(constant.Name, Permute(tensor, aligned, order));
    }

    private static Tensor Permute(Tensor tensor, long[] dimensions, ImmutableArray<long> order)
    {
        var width = tensor.ElementType.BitWidth() / 8;
        var source = tensor.Bytes;
        var result = new byte[tensor.ByteCount];
        var strides = Strides(dimensions);
        long[] lengths = [.. order.Select(axis => dimensions[axis])];
        var index = new long[lengths.Length];
        for (var offset = 0; offset < result.Length; offset += width)
        {
            var place = (int)index.Zip(order, (at, axis) => at * strides[axis]).Sum() * width;
            source.Slice(place, width).CopyTo(result.AsSpan(offset));
            Advance(index, lengths);
        }
        return Tensor.Create(tensor.ElementType, lengths, result);
    }

    private static long[] Strides(long[] dimensions)
    {
        var strides = new long[dimensions.Length];
        var stride = 1L;
        for (var axis = dimensions.Length - 1; axis >= 0; axis--)
            (strides[axis], stride) = (stride, stride * dimensions[axis]);
        return strides;
    }

    private static void Advance(long[] index, long[] lengths)
    {
        for (var axis = index.Length - 1; axis >= 0; axis--)
        {
            if (++index[axis] < lengths[axis])
                return;
            index[axis] = 0;
        }
    }
}
