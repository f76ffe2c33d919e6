using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Whether a float tensor can hold whole numbers only, such as a mask of zeros and ones that was cast.</summary>
internal static class WholeNumbers
{
    /// <summary>Masks are made in a few steps; nothing is claimed of longer ways.</summary>
    private const int LongestWay = 16;

    public static bool Holds(Value value) => Holds(value, LongestWay);

    private static bool Holds(Value value, int steps)
    {
        if (value.Constant is { } constant)
            return constant.ElementType == DataType.Float && constant.AsSpan<float>().ToArray().All(float.IsInteger);
        if (steps == 0 || value.Producer is not { } node)
            return false;
        if (node.Is("Cast"))
            return node.Input(0)!.Type?.ElementType is { } type && !type.IsFloatingPoint();
        if (node.Is("Add", "Sub", "Mul", "Neg", "Abs", "Max", "Min"))
            return node.Inputs.OfType<Value>().All(input => Holds(input, steps - 1));
        return DataMovement.Moved(node).ToList() is { Count: > 0 } moved && moved.TrueForAll(input => Holds(input, steps - 1));
    }
}
