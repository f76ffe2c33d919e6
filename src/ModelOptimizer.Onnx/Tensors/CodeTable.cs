using System.Collections.Concurrent;

namespace ModelOptimizer.Onnx;

/// <summary>The number that each code of a type of at most 8 bits stands for.</summary>
internal static class CodeTable
{
    private static readonly ConcurrentDictionary<DataType, float[]> s_tables = new();

    /// <summary>The values by code; null for wider types.</summary>
    public static float[]? For(DataType type) =>
        type.BitWidth() is > 0 and <= 8 ? s_tables.GetOrAdd(type, Build) : null;

    private static float[] Build(DataType type) => [.. Enumerable.Range(0, 1 << type.BitWidth()).Select(code => Decode(type, code))];

    private static float Decode(DataType type, int code) => type switch
    {
        DataType.Int2 or DataType.Int4 or DataType.Int8 => SignExtend(code, type.BitWidth()),
        DataType.Float4E2M1 => FloatBits.Decode(code, exponentBits: 2, mantissaBits: 1, bias: 1),
        DataType.Float8E4M3FN => FloatBits.FromFloat8E4M3FN(code),
        DataType.Float8E4M3FNUZ => FloatBits.FromFloat8E4M3FNUZ(code),
        DataType.Float8E5M2 => FloatBits.FromFloat8E5M2(code),
        DataType.Float8E5M2FNUZ => FloatBits.FromFloat8E5M2FNUZ(code),
        DataType.Float8E8M0 => FloatBits.FromFloat8E8M0(code),
        _ => code,
    };

    private static int SignExtend(int code, int bits) => code << (32 - bits) >> (32 - bits);
}
