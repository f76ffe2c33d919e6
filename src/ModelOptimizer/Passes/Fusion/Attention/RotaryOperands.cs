using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Lays out what RotaryEmbedding reads and writes.</summary>
/// <param name="before">Where nodes may be put.</param>
/// <param name="isStandard">Whether for the standard's operator, which wants tables per batch element, or for the contrib one, which counts positions.</param>
/// <param name="size">Elements of a head.</param>
internal sealed class RotaryOperands(Node before, bool isStandard, long size)
{
    /// <summary>How many heads stand side by side; null when they stand apart.</summary>
    private long? _heads;

    public Value?[] Inputs(Value x, Value cos, Value sin)
    {
        var heads = x.Type!.Shape![1].Value!.Value;
        var input = x;
        if (HeadLayout.IsJoinable(x))
            (input, _heads) = (HeadLayout.Join(x, before), heads);
        return isStandard
            ? [input, PerBatch(Half(cos), x), PerBatch(Half(sin), x)]
            : [input, before.Graph!.AddConstant("first_position", Tensor.Create([1], 0L)), PerPosition(Half(cos)), PerPosition(Half(sin))];
    }

    public void Complete(Node rotary)
    {
        if (_heads is { } heads)
            rotary.Attributes.Set("num_heads", heads);
    }

    /// <summary>What stands for the formula's result: heads apart.</summary>
    public Value Result(Value turned) => _heads is { } heads ? HeadLayout.Split(turned, heads, size, before) : turned;

    private Value Half(Value table)
    {
        var graph = before.Graph!;
        var inputs = new[] { 0, size / 2, -1 }.Select(number => graph.AddConstant("bound", Tensor.Create([1], number)));
        var half = graph.Insert(before, "Slice", [table, .. inputs]).Output();
        var shape = table.Type!.Shape!;
        half.Infer(table.Type with { Shape = new Shape(shape.Dimensions.SetItem(shape.Rank - 1, size / 2)) });
        return half;
    }

    /// <summary><c>[length, size/2]</c>.</summary>
    private Value PerPosition(Value table) => WithoutAxes(table, [.. Enumerable.Range(0, table.Type!.Shape!.Rank - 2).Select(axis => (long)axis)]);

    /// <summary><c>[batch, length, size/2]</c>.</summary>
    private Value PerBatch(Value table, Value x)
    {
        var rank = table.Type!.Shape!.Rank;
        if (rank == 2)
            table = before.Graph!.Insert(before, "Unsqueeze", [table, before.Graph!.AddConstant("axes", Tensor.Create([1], 0L))]).Output();
        var isPerBatch = rank == 4 && (table.Type!.Shape![0] == x.Type!.Shape![0]);
        if (rank == 4)
            table = WithoutAxes(table, [1]);
        if (isPerBatch || x.Type!.Shape![0].Value == 1)
            return table;
        var one = Lengths.One(before.Graph!);
        return Lengths.Expand(table, before, Lengths.Vector(x, 0, before), one, one);
    }

    private Value WithoutAxes(Value table, long[] axes) => axes.Length == 0
        ? table
        : before.Graph!.Insert(before, "Squeeze", [table, before.Graph!.AddConstant("axes", Tensor.Create([axes.Length], axes))]).Output();
}
