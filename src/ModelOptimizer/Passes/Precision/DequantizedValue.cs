using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Values that were codes before.</summary>
internal static class DequantizedValue
{
    public static bool Is(Value value) => value.Producer?.OpType == "DequantizeLinear";

    /// <summary>True for a weight that is stored as codes.</summary>
    public static bool IsConstant(Value value) => Is(value) && value.Producer!.Input(0)?.Constant is not null;

    /// <summary>What an activation was rounded to; null when it was not, or to codes of another type.</summary>
    public static AffineScale? Scale(Value value, DataType type)
    {
        if (!Is(value) || value.Producer!.Input(0)?.Producer?.OpType != "QuantizeLinear")
            return null;
        return value.Producer.Input(1)?.Constant is { ElementType: DataType.Float, ElementCount: 1 } scale && value.Producer.Input(2)?.Constant is { } zeroPoint
            && zeroPoint.ElementType == type ? new AffineScale(scale.AsSpan<float>()[0], ZeroPoints.First(zeroPoint)) : null;
    }
}
