using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>
/// A value that later steps may read, with its shape as the generator knows it: axes are numbers or the symbols of the inputs, so that what
/// is built on it is valid for every length. The model itself doesn't tell the types: passes have to find out.
/// </summary>
internal sealed record Item(Value Value, DataType Type, params Dimension[] Axes)
{
    public int Rank => Axes.Length;

    public bool IsFloat => Type == DataType.Float;

    /// <summary>The axes whose length is a number.</summary>
    public int[] FixedAxes => [.. Enumerable.Range(0, Rank).Where(axis => Axes[axis].Value is not null)];

    /// <summary>The length of an axis that is a number.</summary>
    public long Length(int axis) => Axes[axis].Value!.Value;

    public Item With(Value value) => this with { Value = value };

    public Item With(Value value, int axis, Dimension length) =>
        this with { Value = value, Axes = [.. Axes.Select((old, i) => i == axis ? length : old)] };

    /// <summary>Whether this one spreads over the other without making it any larger.</summary>
    public bool SpreadsOver(Item other) => Rank <= other.Rank
        && Axes.Zip(other.Axes[(other.Rank - Rank)..], (mine, its) => mine == its || mine.Value == 1).All(fits => fits);
}
