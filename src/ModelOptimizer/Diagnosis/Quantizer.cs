using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>The numbers that quantized activations can take.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest.</param>
internal readonly record struct Quantizer(double Low, double High)
{
    /// <summary>What scale and zero point say; null when they are not constant, or differ among channels.</summary>
    public static Quantizer? Of(Value? scale, Value? zeroPoint)
    {
        if (scale?.Constant is not { ElementCount: 1 } step || zeroPoint is not null && zeroPoint.Constant is not { ElementCount: 1 })
            return null;
        var type = zeroPoint?.Constant?.ElementType ?? DataType.UInt8;
        if (Codes(type) is not var (lowest, highest))
            return null;
        var (size, zero) = ((double)step.ToFloats()[0], zeroPoint?.Constant!.ToInt64s()[0] ?? 0);
        return new Quantizer((lowest - zero) * size, (highest - zero) * size);
    }

    private static (long Lowest, long Highest)? Codes(DataType type) => type switch
    {
        DataType.UInt8 => (0, 255),
        DataType.Int8 => (-128, 127),
        DataType.UInt16 => (0, 65535),
        DataType.Int16 => (-32768, 32767),
        _ => null,
    };
}
