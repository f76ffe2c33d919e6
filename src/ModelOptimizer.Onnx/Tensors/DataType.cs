namespace ModelOptimizer.Onnx;

/// <summary>Element types of ONNX tensors; the numbers are those of <c>TensorProto.DataType</c>.</summary>
public enum DataType
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Double = 11,
    UInt32 = 12,
    UInt64 = 13,
    Complex64 = 14,
    Complex128 = 15,
    BFloat16 = 16,
    Float8E4M3FN = 17,
    Float8E4M3FNUZ = 18,
    Float8E5M2 = 19,
    Float8E5M2FNUZ = 20,
    UInt4 = 21,
    Int4 = 22,
    Float4E2M1 = 23,
    Float8E8M0 = 24,
    UInt2 = 25,
    Int2 = 26,
}

/// <summary>Facts about element types.</summary>
public static class DataTypes
{
    /// <summary>Bits of one element as packed in <c>raw_data</c>; 0 for strings and unknown types.</summary>
    public static int BitWidth(this DataType type) => type switch
    {
        DataType.UInt2 or DataType.Int2 => 2,
        DataType.UInt4 or DataType.Int4 or DataType.Float4E2M1 => 4,
        DataType.UInt8 or DataType.Int8 or DataType.Bool or DataType.Float8E4M3FN or DataType.Float8E4M3FNUZ
            or DataType.Float8E5M2 or DataType.Float8E5M2FNUZ or DataType.Float8E8M0 => 8,
        DataType.UInt16 or DataType.Int16 or DataType.Float16 or DataType.BFloat16 => 16,
        DataType.Float or DataType.Int32 or DataType.UInt32 => 32,
        DataType.Int64 or DataType.UInt64 or DataType.Double or DataType.Complex64 => 64,
        DataType.Complex128 => 128,
        _ => 0,
    };

    /// <summary>Bytes that <paramref name="elementCount"/> packed elements occupy; sub-byte types round up to a whole byte.</summary>
    public static long ByteCount(this DataType type, long elementCount) => checked(elementCount * type.BitWidth() + 7) / 8;

    /// <summary>True for the types that arithmetic on real numbers uses: double down to the 4-bit float.</summary>
    public static bool IsFloatingPoint(this DataType type) => type is DataType.Float or DataType.Double or DataType.Float16
        or DataType.BFloat16 or DataType.Float8E4M3FN or DataType.Float8E4M3FNUZ or DataType.Float8E5M2
        or DataType.Float8E5M2FNUZ or DataType.Float4E2M1 or DataType.Float8E8M0;

    /// <summary>The version of the format that the type came with; 0 for those that were there from the start.</summary>
    public static long IrVersion(this DataType type) => type switch
    {
        DataType.BFloat16 => 4,
        DataType.Float8E4M3FN or DataType.Float8E4M3FNUZ or DataType.Float8E5M2 or DataType.Float8E5M2FNUZ => 9,
        DataType.Int4 or DataType.UInt4 => 10,
        DataType.Float4E2M1 => 11,
        DataType.Float8E8M0 => 12,
        DataType.Int2 or DataType.UInt2 => 13,
        _ => 0,
    };

    /// <summary>The name as ONNX text syntax spells it, e.g. <c>float</c>, <c>int64</c>, <c>bfloat16</c>.</summary>
    public static string ToOnnxName(this DataType type) => type switch
    {
        DataType.Float4E2M1 => "float4e2m1",
        DataType.Float8E4M3FN => "float8e4m3fn",
        DataType.Float8E4M3FNUZ => "float8e4m3fnuz",
        DataType.Float8E5M2 => "float8e5m2",
        DataType.Float8E5M2FNUZ => "float8e5m2fnuz",
        DataType.Float8E8M0 => "float8e8m0",
#pragma warning disable CA1308 // ONNX spells its types in lower case.
        _ => type.ToString().ToLowerInvariant(),
#pragma warning restore CA1308
    };
}
