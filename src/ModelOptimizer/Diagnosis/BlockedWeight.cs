using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Reads back the weight of MatMulNBits: codes [channels, blocks, bytes of a block], the first in the lowest bits.</summary>
internal static class BlockedWeight
{
    /// <returns>float32 [depth, channels]; null when something is not constant or of a form that only other kernels have.</returns>
    public static Tensor? Read(Node node)
    {
        var (bits, block) = ((int)node.Attributes.GetInt("bits", 4), (int)node.Attributes.GetInt("block_size", 0));
        var (depth, channels) = (node.Attributes.GetInt("K", 0), node.Attributes.GetInt("N", 0));
        if (bits is not (2 or 4 or 8) || block == 0 || node.Input(1)?.Constant is not { } codes || node.Input(2)?.Constant?.ToFloats() is not { } scales)
            return null;
        var zeroPoints = node.Input(3)?.Constant;
        if (node.Input(3) is not null && zeroPoints?.ElementType != DataType.UInt8 || codes.ElementType != DataType.UInt8)
            return null;
        var (blocks, weights) = ((depth + block - 1) / block, new float[depth * channels]);
        // A row of codes fills whole blocks; a row of zero points fills whole bytes.
        var zeroRow = (blocks * bits + 7) / 8 * 8 / bits;
        for (var channel = 0L; channel < channels; channel++)
            for (var k = 0L; k < depth; k++)
            {
                var zero = zeroPoints is null ? 1 << bits - 1 : Code(zeroPoints.Bytes, channel * zeroRow + k / block, bits);
                weights[k * channels + channel] = (Code(codes.Bytes, channel * blocks * block + k, bits) - zero) * scales[channel * blocks + k / block];
            }
        return Tensor.Create([depth, channels], weights);
    }

    private static int Code(ReadOnlySpan<byte> packed, long index, int bits) =>
        packed[(int)(index * bits / 8)] >> (int)(index * bits % 8) & (1 << bits) - 1;
}
