using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// A model of any number of nodes with work for every pass of <c>simplify</c>: blocks in a row, each with constants to fold, no-ops, duplicates, chains
/// of shapes that split heads and join them again, and transposes that cancel; every tenth block has an If.
/// </summary>
internal sealed class ScaleModel
{
    private const int Width = 8;
    private const int Heads = 2;

    /// <summary>The nodes of ten blocks, bodies included.</summary>
    private const int NodesOfTenBlocks = 279;

    private readonly GraphBuilder _g = new();

    /// <summary>A model of about so many nodes.</summary>
    public static OnnxModel Build(int nodes)
    {
        var scale = new ScaleModel();
        var x = scale._g.Input("x", DataType.Float, "batch", "seq", Width);
        var condition = scale._g.Input("condition", DataType.Bool);
        for (var block = 0; block < nodes * 10L / NodesOfTenBlocks; block++)
        {
            x = scale.Block(x, block);
            if (block % 10 == 9)
                x = scale._g.If(condition, then => Branch(then, x, "Relu"), otherwise => Branch(otherwise, x, "Neg")).Output();
        }
        scale._g.Output("y", x);
        return scale._g.Build();
    }

    private Value Block(Value x, int block)
    {
        var scaled = _g.Op("Mul", x, _g.Op("Add", Floats(block), _g.Op("Neg", Floats(1))));
        var same = _g.Op("Add", _g.Op("Relu", scaled), _g.Op("Identity", _g.Op("Relu", _g.Op("Dropout", scaled))));
        var split = _g.Op("Reshape", same, Concat(Length(same, 0), Length(same, 1), Int64s(Heads), Int64s(Width / Heads)));
        var turned = Turn(_g.Op("Sigmoid", Turn(split)));
        var joined = _g.Op("Reshape", turned, Concat(Length(x, 0), Length(x, 1), Int64s(Width)));
        return _g.Op("Add", joined, x);
    }

    private static Value[] Branch(GraphBuilder g, Value x, string opType) =>
        [g.Op("Add", g.Op(opType, x), g.Op("Identity", g.Op(opType, x)))];

    private Value Length(Value x, long axis) =>
        _g.Op("Unsqueeze", _g.Op("Gather", _g.Op("Shape", x), _g.Initializer("axis", Tensor.Create([], axis))), Int64s(0));

    private Value Turn(Value x) => _g.Op("Transpose", [x], ("perm", new long[] { 0, 2, 1, 3 }));

    private Value Concat(params Value[] parts) => _g.Op("Concat", parts, ("axis", 0L));

    private Value Int64s(params long[] elements) => _g.Int64s("numbers", elements);

    private Value Floats(float value) => _g.Initializer("weights", [Width], [.. Enumerable.Repeat(value, Width)]);
}
