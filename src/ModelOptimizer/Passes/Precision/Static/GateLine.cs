using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Lines factor · x + term out of nodes with a number as the other operand, and the clamps at their ends that make gates of them.</summary>
internal static class GateLine
{
    private const int Longest = 4;

    /// <summary>What a node with one number beside x computes; null for any other.</summary>
    /// <param name="index">The input that is x.</param>
    public static (float Factor, float Term)? Step(Node node, int index)
    {
        if (node.Domain.Length > 0 || node.Inputs.Count != 2
            || node.Input(1 - index)?.Constant is not { ElementCount: 1, ElementType: DataType.Float } constant)
            return null;
        var number = constant.AsSpan<float>()[0];
        return node.OpType switch
        {
            "Add" => (1, number),
            "Sub" when index == 0 => (1, -number),
            "Mul" => (number, 0),
            "Div" when index == 0 => (1 / number, 0),
            _ => null,
        };
    }

    /// <summary>The inputs between which a clamp tells numbers apart; null for any other node.</summary>
    public static (float Low, float High)? Bounds(Node node, long opset)
    {
        if (node.Is("HardSigmoid"))
        {
            var (alpha, beta) = (node.Attributes.GetFloat("alpha", 0.2f), node.Attributes.GetFloat("beta", 0.5f));
            return alpha > 0 ? (-beta / alpha, (1 - beta) / alpha) : null;
        }
        return node.Is("Relu", "Clip") && ClipBounds.Of(node, opset) is { } bounds ? (bounds.Low, bounds.High) : null;
    }

    /// <summary>The x up to which a gate of it is zero, as Clip(x + 3, 0, 6) is up to −3; null for what is no gate of x.</summary>
    public static float? ZeroBelow(Value? gate, Value x, long opset)
    {
        // Factors behind the clamp leave zero where it is.
        for (var i = 0; i < Longest && gate?.Producer is { } scale && Data(scale) is var (scaled, line) && line.Term == 0; i++)
            gate = scaled;
        if (gate?.Producer is not { } clamp || Bounds(clamp, opset) is not var (low, _) || !StartsAtZero(clamp, opset))
            return null;
        var value = clamp.Input(0)!;
        for (var i = 0; i <= Longest; i++)
        {
            if (value == x)
                return low;
            if (value.Producer is not { } producer || Data(producer) is not var (data, line) || !(line.Factor > 0))
                return null;
            (value, low) = (data, (low - line.Term) / line.Factor);
        }
        return null;
    }

    private static bool StartsAtZero(Node clamp, long opset) => clamp.Is("HardSigmoid") || ClipBounds.Of(clamp, opset) is { Low: 0 };

    /// <summary>The operand that is no number, and the line of it.</summary>
    private static (Value Value, (float Factor, float Term) Line)? Data(Node node)
    {
        for (var index = 0; index < node.Inputs.Count; index++)
            if (node.Input(index) is { Constant: null } data && Step(node, index) is { } line)
                return (data, line);
        return null;
    }
}
