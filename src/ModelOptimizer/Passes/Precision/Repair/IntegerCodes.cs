using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>8-bit codes as numbers, channel by channel.</summary>
internal static class IntegerCodes
{
    /// <param name="codes">int8 or uint8.</param>
    public static int[] Read(Tensor codes) => codes.ElementType == DataType.Int8
        ? Array.ConvertAll(codes.AsSpan<sbyte>().ToArray(), code => (int)code)
        : Array.ConvertAll(codes.AsSpan<byte>().ToArray(), code => (int)code);

    public static Tensor Write(Tensor like, int[] codes) =>
        Tensor.Create(like.ElementType, like.Dimensions.AsSpan(), Array.ConvertAll(codes, code => unchecked((byte)code)));

    /// <summary>Where the weights of a channel lie, in the order in which they are summed up.</summary>
    /// <param name="axis">The axis of the channels.</param>
    public static int[] Places(Tensor weight, int axis, int channel)
    {
        var channels = (int)weight.Dimensions[axis];
        var inner = (int)weight.Dimensions[(axis + 1)..].Aggregate(1L, (product, length) => product * length);
        var places = new int[weight.ElementCount / channels];
        for (var k = 0; k < places.Length; k++)
            places[k] = (k / inner * channels + channel) * inner + k % inner;
        return places;
    }
}
