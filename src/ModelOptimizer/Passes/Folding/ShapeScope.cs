using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What an integer tensor holds, as a text that is equal for tensors of equal type and elements.</summary>
internal static class ShapeKey
{
    /// <summary>Null when an element is unknown.</summary>
    public static string? Of(Value value, PassContext context)
    {
        if (value.Type is not { Shape: { } shape } type || context.ElementsOf(value) is not { Length: > 0 } elements)
            return null;
        return elements.All(element => element.Value is not null || !string.IsNullOrEmpty(element.Symbol))
            ? $"{type.ElementType}:{shape.Rank}:{string.Join(';', elements)}"
            : null;
    }
}

/// <summary>The shapes that a graph can read, by content: its own so far, then those of the graphs around it.</summary>
internal sealed class ShapeScope(ShapeScope? outer)
{
    private readonly Dictionary<string, Value> _values = [];
    private readonly ShapeScope? _outer = outer;

    /// <summary>A value before this one that holds the same; else null, and <paramref name="value"/> is such a one from now on.</summary>
    public Value? FindOrAdd(string key, Value value)
    {
        for (var scope = this; scope is not null; scope = scope._outer)
            if (scope._values.TryGetValue(key, out var known))
                return known;
        _values.Add(key, value);
        return null;
    }
}
