using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Which conversions between element types keep every number.</summary>
internal static class Lossless
{
    /// <summary>True when converting by way of <paramref name="over"/> gives, bit for bit, what converting at once gives.</summary>
    public static bool IsDetour(DataType from, DataType over, DataType to)
    {
        if (!Holds(over, from))
            return false;
        if (from == over || over == to || from == to)
            return true;
        // Kernels round to narrow floats by way of float, and a float out of an integer's range becomes whatever the processor makes of it.
        return to is DataType.Float or DataType.Double or DataType.Bool
            || (!IsNarrowFloat(to) && Holds(to, from))
            || (IsInteger(from) && IsInteger(over) && IsInteger(to));
    }

    /// <summary>Whether a type has every number that <paramref name="source"/> has.</summary>
    public static bool Holds(DataType type, DataType source)
    {
        if (type == source)
            return true;
        if (Precision(source) is not { } needed || Precision(type) is not { } offered)
            return false;
        if (source.IsFloatingPoint())
            return type.IsFloatingPoint() && offered.Bits >= needed.Bits && type.BitWidth() > source.BitWidth();
        return offered.Bits >= needed.Bits && (offered.IsSigned || !needed.IsSigned);
    }

    /// <summary>Bits of magnitude without rounding: a significand, or an integer without its sign.</summary>
    private static (int Bits, bool IsSigned)? Precision(DataType type) => type switch
    {
        DataType.Bool => (1, false),
        DataType.UInt8 => (8, false),
        DataType.Int8 => (7, true),
        DataType.UInt16 => (16, false),
        DataType.Int16 => (15, true),
        DataType.UInt32 => (32, false),
        DataType.Int32 => (31, true),
        DataType.UInt64 => (64, false),
        DataType.Int64 => (63, true),
        DataType.Float16 => (11, true),
        DataType.BFloat16 => (8, true),
        DataType.Float => (24, true),
        DataType.Double => (53, true),
        _ => null,
    };

    private static bool IsNarrowFloat(DataType type) => type.IsFloatingPoint() && type is not (DataType.Float or DataType.Double);

    private static bool IsInteger(DataType type) => type is DataType.Int8 or DataType.UInt8 or DataType.Int16 or DataType.UInt16
        or DataType.Int32 or DataType.UInt32 or DataType.Int64 or DataType.UInt64;
}
