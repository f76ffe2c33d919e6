using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// <c>Cast(Min(Cast(lengths), limits))</c> with floats inside, as exporters wrote min(lengths, limits) before opset 12 brought Min for integers.
/// </summary>
internal static class FloatMin
{
    /// <summary>Up to here float32 has every integer; a larger length rounds to no less, so that it is cut all the same.</summary>
    private const float MostExact = 1 << 24;

    /// <summary>The elements of the Cast at hand; null when it ends no such chain.</summary>
    public static ImmutableArray<Dimension>? Elements(NodeTyping cast)
    {
        if (cast.Node.Input(0)?.Producer is not { } min || !min.Is("Min") || min.Inputs.Count != 2)
            return null;
        return Elements(cast, min.Input(0), min.Input(1)) ?? Elements(cast, min.Input(1), min.Input(0));
    }

    private static ImmutableArray<Dimension>? Elements(NodeTyping cast, Value? lengths, Value? limits)
    {
        if (lengths?.Producer is not { } toFloat || !toFloat.Is("Cast") || lengths.Type?.ElementType != DataType.Float
            || cast.ElementsOf(toFloat.Input(0)!) is not { } counted || Limits(limits) is not { } cut)
            return null;
        if (cut.Length != 1 && cut.Length != counted.Length || !counted.All(length => cast.Symbols.IsAtLeast(length, 0)))
            return null;
        return [.. counted.Select((length, i) => cast.Symbols.Min(length, cut[cut.Length == 1 ? 0 : i]))];
    }

    private static long[]? Limits(Value? limits)
    {
        if (limits?.Constant is not { ElementType: DataType.Float, ElementCount: > 0 } content)
            return null;
        var numbers = content.AsSpan<float>().ToArray();
        return Array.TrueForAll(numbers, IsExact) ? Array.ConvertAll(numbers, number => (long)number) : null;
    }

    private static bool IsExact(float number) => number is >= 0 and <= MostExact && float.IsInteger(number);
}
