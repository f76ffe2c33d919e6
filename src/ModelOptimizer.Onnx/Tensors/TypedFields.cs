using System.Runtime.InteropServices;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Tensors that keep their elements in <c>float_data</c>, <c>int32_data</c> and the like instead of <c>raw_data</c>.</summary>
internal static class TypedFields
{
    /// <summary>The elements as <c>raw_data</c> would hold them: packed, little-endian.</summary>
    public static byte[] ToPackedBytes(TensorProto proto) => (DataType)proto.DataType switch
    {
        DataType.Float or DataType.Complex64 => Bytes<float>([.. proto.FloatData]),
        DataType.Double or DataType.Complex128 => Bytes<double>([.. proto.DoubleData]),
        DataType.Int64 => Bytes<long>([.. proto.Int64Data]),
        DataType.UInt64 => Bytes<ulong>([.. proto.Uint64Data]),
        DataType.UInt32 => Bytes<uint>([.. proto.Uint64Data.Select(v => (uint)v)]),
        DataType.Int32 => Bytes<int>([.. proto.Int32Data]),
        DataType.Int16 or DataType.UInt16 or DataType.Float16 or DataType.BFloat16 =>
            Bytes<ushort>([.. proto.Int32Data.Select(v => (ushort)v)]),
        // Sub-byte types are packed already: each int32 holds one byte of packed elements.
        _ => [.. proto.Int32Data.Select(v => (byte)v)],
    };

    /// <summary>Entries of the field that this element type uses.</summary>
    public static int Count(TensorProto proto) => (DataType)proto.DataType switch
    {
        DataType.Float or DataType.Complex64 => proto.FloatData.Count,
        DataType.Double or DataType.Complex128 => proto.DoubleData.Count,
        DataType.Int64 => proto.Int64Data.Count,
        DataType.UInt64 or DataType.UInt32 => proto.Uint64Data.Count,
        DataType.String => proto.StringData.Count,
        _ => proto.Int32Data.Count,
    };

    /// <summary>Entries that <paramref name="elementCount"/> elements take.</summary>
    public static long EntriesFor(DataType type, long elementCount) => type switch
    {
        DataType.Complex64 or DataType.Complex128 => 2 * elementCount,
        _ when type.BitWidth() is > 0 and < 8 => type.ByteCount(elementCount),
        _ => elementCount,
    };

    /// <summary>Empties every field that may hold elements.</summary>
    public static void Clear(TensorProto proto)
    {
        proto.RawData = ByteString.Empty;
        proto.FloatData.Clear();
        proto.Int32Data.Clear();
        proto.StringData.Clear();
        proto.Int64Data.Clear();
        proto.DoubleData.Clear();
        proto.Uint64Data.Clear();
    }

    private static byte[] Bytes<T>(ReadOnlySpan<T> elements) where T : unmanaged => MemoryMarshal.AsBytes(elements).ToArray();
}
