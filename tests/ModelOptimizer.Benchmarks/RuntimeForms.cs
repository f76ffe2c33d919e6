using ModelOptimizer.Onnx;
using ModelOptimizer.Runtimes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>A model of one node for each operator and form of the table of runtimes.</summary>
internal static class RuntimeForms
{
    private const int Width = 32;

    private static readonly TensorType Any = new(DataType.Float, null);

    /// <returns>Null for what no model is known for.</returns>
    public static OnnxModel? Of(RuntimeOperator row)
    {
        var graph = new GraphBuilder(17);
        if (Node(graph, row) is not { } output)
            return null;
        graph.Output("y", output, output.Type ?? Any);
        return graph.Build();
    }

    private static Value? Node(GraphBuilder graph, RuntimeOperator row) => row.OpType switch
    {
        "QuickGelu" => graph.Op(Name(row), [Floats(graph, "x", 1, Width)], ("alpha", 1.702f)),
        "RotaryEmbedding" => graph.Op(Name(row), Floats(graph, "x", 1, 2, Width), graph.Input("ids", DataType.Int64, 1, 2),
            Floats(graph, "cos", 8, Width / 2), Floats(graph, "sin", 8, Width / 2)),
        "MultiHeadAttention" => graph.Op(Name(row), [Floats(graph, "q", 1, 2, Width), Floats(graph, "k", 1, 2, Width), Floats(graph, "v", 1, 2, Width)], ("num_heads", 2L)),
        "QuantizeLinear" => Typed(graph.Op(Name(row), Floats(graph, "x", Width), Scale(graph), graph.Input("zero", Type(row, "input2"))), Type(row, "input2")),
        "DequantizeLinear" => graph.Op(Name(row), graph.Input("x", Type(row, "input2"), Width), Scale(graph), graph.Input("zero", Type(row, "input2"))),
        "MatMulNBits" => Product(graph, row, Bits(row)),
        "GatherBlockQuantized" when Form(row, "input0") is not null => Lookup(graph, row, Bits(row), Form(row, "input3") is not null),
        _ => null,
    };

    private static Value Product(GraphBuilder graph, RuntimeOperator row, int bits) => graph.Op(Name(row),
        [Floats(graph, "x", 1, Width), graph.Initializer("codes", Bytes(Width, 1, Width * bits / 8)), graph.Initializer("scales", [Width], new float[Width])],
        ("K", (long)Width), ("N", (long)Width), ("bits", (long)bits), ("block_size", (long)Width));

    private static Value Lookup(GraphBuilder graph, RuntimeOperator row, int bits, bool withZeroPoints)
    {
        Value?[] inputs =
        [
            graph.Initializer("codes", Bytes(Width, Width * bits / 8)), graph.Input("ids", DataType.Int64, 1), graph.Initializer("scales", [Width, 1], new float[Width]),
            .. withZeroPoints ? new Value?[] { graph.Initializer("zeros", Bytes(Width, 1)) } : [],
        ];
        (string, object)[] attributes = [("gather_axis", 0L), ("quantize_axis", 1L), ("block_size", (long)Width), .. bits == 4 ? [] : new (string, object)[] { ("bits", (long)bits) }];
        return graph.Op(Name(row), inputs, attributes);
    }

    private static string Name(RuntimeOperator row) => $"{row.Domain}.{row.OpType}";

    private static string? Form(RuntimeOperator row, string key) => row.Form.FirstOrDefault(part => part.Key == key).Value;

    private static int Bits(RuntimeOperator row) => int.Parse(Form(row, "bits") ?? "4", System.Globalization.CultureInfo.InvariantCulture);

    private static DataType Type(RuntimeOperator row, string key) => Enum.Parse<DataType>(Form(row, key) ?? "uint8", ignoreCase: true);

    private static Tensor Bytes(params long[] dimensions) => Tensor.Create(DataType.UInt8, dimensions, new byte[dimensions.Aggregate(1L, (a, b) => a * b)]);

    private static Value Floats(GraphBuilder graph, string name, params Dimension[] dimensions) => graph.Input(name, DataType.Float, dimensions);

    private static Value Scale(GraphBuilder graph) => graph.Input("scale", DataType.Float);

    private static Value Typed(Value value, DataType type)
    {
        value.Type = new TensorType(type, null);
        return value;
    }
}
