using System.Buffers;
using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>
/// The constants of DequantizeLinear: codes in the shape that the weight is read in, signed for symmetric grids and unsigned with
/// zero points for others, scales [channels] or, block-wise along axis 0 of a [depth, channels] matrix, [blocks, channels].
/// </summary>
internal static class DequantizeLinearLayout
{
    /// <summary>Rows of [depth, channels] that are written together.</summary>
    private const int ChunkRows = 64;

    public static DataType CodeType(WeightGrid grid) => (grid.StorageBits, grid.IsSymmetric) switch
    {
        (2, true) => DataType.Int2,
        (2, false) => DataType.UInt2,
        (4, true) => DataType.Int4,
        (4, false) => DataType.UInt4,
        (_, true) => DataType.Int8,
        _ => DataType.UInt8,
    };

    /// <summary>Bytes of codes, scales and zero points, which are packed without a gap.</summary>
    public static long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize)
    {
        var scales = (long)weight.Channels * QuantizedWeight.BlocksOf(weight.Depth, blockSize);
        var points = grid.IsSymmetric ? 0 : Packed(scales);
        return Packed((long)weight.Channels * weight.Depth) + scales * sizeof(float) + points;

        long Packed(long codes) => (codes * grid.StorageBits + 7) / 8;
    }

    /// <param name="weight">Codes, channel by channel.</param>
    /// <param name="dimensions">The shape wanted.</param>
    /// <param name="channelAxis">The axis of <paramref name="dimensions"/> that the channels stand on.</param>
    public static Tensor Codes(QuantizedWeight weight, ReadOnlySpan<long> dimensions, int channelAxis)
    {
        var inner = 1;
        foreach (var d in dimensions[(channelAxis + 1)..])
            inner = checked(inner * (int)d);
        return weight.ToTensor(CodeType(weight.Grid), dimensions, () => Pack(weight, inner));
    }

    private static byte[] Pack(QuantizedWeight weight, int inner)
    {
        var packed = new byte[CodePacking.ByteCount(weight.Codes.Length, weight.Grid.StorageBits)];
        // Eight rows' worth of any type fill whole bytes, so that chunks never share one.
        var chunk = (int)Math.Min(Math.Max(1, weight.Codes.Length), inner == 1 ? (long)ChunkRows * weight.Channels : 1 << 16);
        Cores.For(0, Cores.Parts(weight.Codes.Length, chunk), i => PackChunk(weight, inner, i * chunk, chunk, packed));
        return packed;
    }

    /// <summary>Scales [channels], or [blocks, channels] when a channel has several blocks or <paramref name="blocked"/> asks for it.</summary>
    public static Tensor Scales(QuantizedWeight weight, bool blocked) => blocked
        ? weight.ToTensor(DataType.Float, [weight.Blocks, weight.Channels], () => Transpose(weight.Scales, weight.Channels, weight.Blocks))
        : weight.ToTensor(DataType.Float, [weight.Channels], () => weight.Scales);

    /// <summary>Zero points in the shape of the scales; null for a symmetric grid, whose zero is zero.</summary>
    public static Tensor? ZeroPoints(QuantizedWeight weight, bool blocked) => weight.Grid.IsSymmetric
        ? null
        : weight.ToTensor(CodeType(weight.Grid), blocked ? [weight.Blocks, weight.Channels] : [weight.Channels], () => PackPoints(weight));

    private static byte[] PackPoints(QuantizedWeight weight)
    {
        var points = Transpose(weight.ZeroPoints, weight.Channels, weight.Blocks);
        var packed = new byte[CodePacking.ByteCount(points.Length, weight.Grid.StorageBits)];
        CodePacking.Pack(points, weight.Grid.StorageBits, packed);
        return packed;
    }

    private static void PackChunk(QuantizedWeight weight, int inner, int start, int length, byte[] packed)
    {
        length = Math.Min(length, weight.Codes.Length - start);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var codes = buffer.AsSpan(0, length);
        if (inner == 1)
            Transposition.Copy(weight.Codes[(start / weight.Channels)..], weight.Depth, weight.Channels, length / weight.Channels, codes, weight.Channels);
        else
            CopyRuns(weight, inner, start, codes);
        if (weight.Grid.IsSymmetric)
            ToSigned(codes, weight.Grid);
        CodePacking.Pack(codes, weight.Grid.StorageBits, packed.AsSpan(CodePacking.ByteCount(start, weight.Grid.StorageBits)));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Part of [outer, channels, inner], run by run.</summary>
    private static void CopyRuns(QuantizedWeight weight, int inner, int start, Span<byte> codes)
    {
        for (var i = 0; i < codes.Length;)
        {
            var (row, offset) = Math.DivRem(start + i, inner);
            var (outer, channel) = Math.DivRem(row, weight.Channels);
            var run = Math.Min(inner - offset, codes.Length - i);
            weight.Codes.Slice(channel * weight.Depth + outer * inner + offset, run).CopyTo(codes[i..]);
            i += run;
        }
    }

    /// <summary>Offset binary to two's complement of the stored width.</summary>
    private static void ToSigned(Span<byte> codes, WeightGrid grid)
    {
        var (middle, mask) = ((byte)grid.Middle, (byte)((1 << grid.StorageBits) - 1));
        TensorPrimitives.Subtract(codes, middle, codes);
        TensorPrimitives.BitwiseAnd(codes, mask, codes);
    }

    private static T[] Transpose<T>(T[] values, int rows, int columns)
    {
        var transposed = new T[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                transposed[column * rows + row] = values[row * columns + column];
        return transposed;
    }
}
