using System.Buffers;
using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>
/// The constants of <c>com.microsoft.MatMulNBits</c>, channel-major: codes uint8 [N, blocks, block size · bits / 8], scales
/// float [N, blocks], zero points uint8 [N, ⌈blocks · bits / 8⌉] or none for the middle code. Bits are those that codes are stored in.
/// </summary>
internal static class MatMulNBitsLayout
{
    /// <summary>Bytes of codes, scales and zero points.</summary>
    public static long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize)
    {
        var blocks = QuantizedWeight.BlocksOf(weight.Depth, blockSize);
        return (long)weight.Channels * blocks * blockSize * grid.StorageBits / 8 + BytesBesideCodes(grid, weight, blocks);
    }

    /// <summary>Bytes of scales and zero points.</summary>
    public static long BytesBesideCodes(WeightGrid grid, WeightMatrix weight, int blocks) =>
        (long)weight.Channels * (blocks * sizeof(float) + (grid.IsSymmetric ? 0 : CodePacking.ByteCount(blocks, grid.StorageBits)));

    public static Tensor Codes(QuantizedWeight weight) =>
        weight.ToTensor(DataType.UInt8, [weight.Channels, weight.Blocks, weight.BlockSize * weight.Grid.StorageBits / 8], () => Pack(weight));

    /// <summary>The bytes of the codes, block after block.</summary>
    public static byte[] Pack(QuantizedWeight weight)
    {
        var (bits, shift) = (weight.Grid.StorageBits, (byte)weight.Grid.StorageShift);
        var blob = weight.BlockSize * bits / 8;
        var packed = new byte[checked(weight.Channels * weight.Blocks * blob)];
        Cores.For(0, weight.Channels, channel =>
        {
            // Whole rows of tables are blocks, too: too large for the stack.
            var buffer = ArrayPool<byte>.Shared.Rent(weight.BlockSize);
            var codes = buffer.AsSpan(0, weight.BlockSize);
            for (var block = 0; block < weight.Blocks; block++)
            {
                // A partial block is filled up with zeros, in codes.
                codes.Fill(weight.ZeroPoints[channel * weight.Blocks + block]);
                weight.Block(channel, block).CopyTo(codes);
                TensorPrimitives.Add(codes, shift, codes);
                CodePacking.Pack(codes, bits, packed.AsSpan((channel * weight.Blocks + block) * blob, blob));
            }
            ArrayPool<byte>.Shared.Return(buffer);
        });
        return packed;
    }

    public static Tensor Scales(QuantizedWeight weight) => weight.ToTensor(DataType.Float, [weight.Channels, weight.Blocks], () => weight.Scales);

    public static Tensor? ZeroPoints(QuantizedWeight weight)
    {
        if (weight.Grid.IsSymmetric)
            return null;
        var row = CodePacking.ByteCount(weight.Blocks, weight.Grid.StorageBits);
        return weight.ToTensor(DataType.UInt8, [weight.Channels, row], () => PackPoints(weight, row));
    }

    private static byte[] PackPoints(QuantizedWeight weight, int row)
    {
        var packed = new byte[weight.Channels * row];
        for (var channel = 0; channel < weight.Channels; channel++)
        {
            var points = weight.ZeroPoints.AsSpan(channel * weight.Blocks, weight.Blocks).ToArray();
            CodePacking.Pack(points, weight.Grid.StorageBits, packed.AsSpan(channel * row, row));
        }
        return packed;
    }
}
