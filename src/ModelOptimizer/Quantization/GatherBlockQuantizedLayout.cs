using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// The constants of <c>com.microsoft.GatherBlockQuantized</c> for a table of rows: codes uint8 [rows, row length · bits / 8], scales float
/// [rows, blocks], zero points uint8 [rows, ⌈blocks · bits / 8⌉] or none for the middle code. Where blocks are whole, the bytes are those of
/// <see cref="MatMulNBitsLayout"/>, whose output channels are the rows: one table serves both operators. Bits are those that codes are stored in.
/// </summary>
internal static class GatherBlockQuantizedLayout
{
    /// <summary>True when rows of that length end with a byte: the operator takes their length from the bytes.</summary>
    public static bool Holds(long depth, WeightGrid grid) => depth * grid.StorageBits % 8 == 0;

    /// <summary>Bytes of codes, scales and zero points: partial blocks are not filled up.</summary>
    public static long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) => (long)weight.Channels * weight.Depth * grid.StorageBits / 8
        + MatMulNBitsLayout.BytesBesideCodes(grid, weight, QuantizedWeight.BlocksOf(weight.Depth, blockSize));

    public static Tensor Codes(QuantizedWeight weight)
    {
        var row = weight.Depth * weight.Grid.StorageBits / 8;
        return weight.ToTensor(DataType.UInt8, [weight.Channels, row], () => Pack(weight, row));
    }

    private static byte[] Pack(QuantizedWeight weight, int row)
    {
        var bytes = MatMulNBitsLayout.Pack(weight);
        var padded = bytes.Length / weight.Channels;
        // Whatever fills up a partial block at the end of a row is left out.
        for (var channel = 1; channel < weight.Channels && row < padded; channel++)
            bytes.AsSpan(channel * padded, row).CopyTo(bytes.AsSpan(channel * row));
        Array.Resize(ref bytes, weight.Channels * row);
        return bytes;
    }

    public static Tensor Scales(QuantizedWeight weight) => MatMulNBitsLayout.Scales(weight);

    public static Tensor? ZeroPoints(QuantizedWeight weight) => MatMulNBitsLayout.ZeroPoints(weight);
}
