using System.Collections.Immutable;

namespace ModelOptimizer.Onnx;

/// <summary>One axis of a shape: a fixed length, a symbol such as <c>batch</c>, or unknown (neither).</summary>
public readonly record struct Dimension(long? Value, string? Symbol = null)
{
    /// <summary>An axis about which nothing is known.</summary>
    public static Dimension Unknown => default;

    public static implicit operator Dimension(long value) => new(value);

    public static implicit operator Dimension(string symbol) => new(null, symbol);

    public override string ToString() =>
        Value?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? (string.IsNullOrEmpty(Symbol) ? "?" : Symbol);
}

/// <summary>The shape of a value whose rank is known; its axes may be symbolic or unknown.</summary>
public sealed record Shape(ImmutableArray<Dimension> Dimensions)
{
    public static Shape Scalar { get; } = new(ImmutableArray<Dimension>.Empty);

    public static Shape Of(params IEnumerable<long> dimensions) => new([.. dimensions.Select(d => new Dimension(d))]);

    public int Rank => Dimensions.Length;

    public Dimension this[int axis] => Dimensions[axis < 0 ? axis + Rank : axis];

    public bool IsStatic => Dimensions.All(d => d.Value is not null);

    /// <summary>The same shape with other axes in the place of some.</summary>
    public Shape Select(Func<Dimension, Dimension> replace) => new([.. Dimensions.Select(replace)]);

    /// <summary>
    /// True when no axis is unknown. Of inferred types it says that equal shapes are equal in every run, since equal symbols are equal lengths.
    /// </summary>
    public bool IsKnown => Dimensions.All(d => d.Value is not null || !string.IsNullOrEmpty(d.Symbol));

    /// <summary>Number of elements, or null while an axis is not fixed.</summary>
    public long? ElementCount => IsStatic ? Dimensions.Aggregate(1L, (product, d) => checked(product * d.Value!.Value)) : null;

    /// <summary>The same axes with lengths and symbols that only the other knows.</summary>
    public Shape RefinedBy(Shape? other) => other is null || other.Rank != Rank || IsStatic
        ? this
        : new([.. Dimensions.Zip(other.Dimensions, (mine, its) =>
            mine.Value is not null ? mine : its.Value is not null ? its : new(null, mine.Symbol ?? its.Symbol))]);

    public bool Equals(Shape? other) => other is not null && Dimensions.SequenceEqual(other.Dimensions);

    public override int GetHashCode() => Dimensions.Aggregate(Rank, HashCode.Combine);

    /// <summary>As ONNX text syntax writes it: <c>[1,batch,?]</c>.</summary>
    public override string ToString() => $"[{string.Join(',', Dimensions)}]";
}

/// <summary>Element type and, when known, shape of a tensor-valued edge.</summary>
/// <param name="ElementType">The element type.</param>
/// <param name="Shape">The shape; null when not even the rank is known.</param>
public sealed record TensorType(DataType ElementType, Shape? Shape)
{
    /// <summary>Both taken together; where they contradict each other, this one stands.</summary>
    public TensorType RefinedBy(TensorType other) =>
        other.ElementType != ElementType ? this : this with { Shape = Shape is null ? other.Shape : Shape.RefinedBy(other.Shape) };

    public override string ToString() => ElementType.ToOnnxName() + Shape;
}
