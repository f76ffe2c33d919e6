using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Builds a graph with the names and in the forms that an exporter uses.</summary>
public sealed class ExporterGraph
{
    private readonly Exporter _exporter;
    private readonly string _scope;
    private readonly Dictionary<string, int> _count = [];

    /// <param name="scope">The module that is exported, as it stands in names: <c>ln</c>.</param>
    public ExporterGraph(Exporter exporter, long opset, string scope)
    {
        (_exporter, _scope) = (exporter, scope);
        Builder = new GraphBuilder(opset, irVersion: opset >= 20 ? 9 : 8);
    }

    /// <summary>For what needs no name.</summary>
    public GraphBuilder Builder { get; }

    public long Opset => Builder.Opset;

    public Value Input(string name, params Dimension[] dimensions) => Builder.Input(name, DataType.Float, dimensions);

    public Value Op(string opType, params Value?[] inputs) => Op(opType, inputs, []);

    /// <summary>A node with one output and attributes, named as the exporter would.</summary>
    public Value Op(string opType, Value?[] inputs, params (string Name, object Value)[] attributes) =>
        Node(opType, inputs, 1, attributes).Output();

    /// <summary>A node, named as the exporter would; its outputs too.</summary>
    public Node Node(string opType, Value?[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        var node = Builder.Node(opType, inputs, outputs, attributes);
        node.Name = NextName(opType);
        for (var i = 0; i < outputs; i++)
            node.Output(i).Name = OutputName(node.Name, i);
        return node;
    }

    /// <summary>A number as scalars come: in a Constant node of its own, or as an initializer.</summary>
    public Value Number(double number) => Constant(Tensor.Create([], (float)number));

    /// <summary>Integers such as axes and shapes.</summary>
    public Value Int64s(params long[] numbers) => Constant(Tensor.Create([numbers.Length], numbers));

    /// <summary>A parameter with numbers between 0.5 and 1.5, the same at every call with the same name.</summary>
    public Value Weight(string name, params long[] dimensions)
    {
        var random = new Random(name.Sum(c => c));
        var elements = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = 0.5f + random.NextSingle();
        var tensor = Tensor.Create(dimensions, elements);
        return _exporter == Exporter.Paddle ? Builder.Constant(tensor) : Builder.Initializer($"{_scope}.{name}", tensor);
    }

    /// <summary>A reduction that keeps its axes: as an attribute, or as an input from opset 18 on.</summary>
    public Value Reduce(string opType, Value x, params long[] axes) => Opset >= 18
        ? Op(opType, [x, Int64s(axes)], ("keepdims", 1), ("noop_with_empty_axes", 0))
        : Op(opType, [x], ("axes", axes), ("keepdims", 1));

    /// <summary>Ends the graph.</summary>
    public OnnxModel Build(Value output)
    {
        Builder.Output("output", output);
        return Builder.Build();
    }

    private Value Constant(Tensor tensor) => _exporter is Exporter.Dynamo or Exporter.TensorFlow
        ? Builder.Initializer(NextName("val"), tensor)
        : Builder.Constant(tensor);

    private string NextName(string opType)
    {
        var count = _count[opType] = _count.GetValueOrDefault(opType, -1) + 1;
        return _exporter switch
        {
            Exporter.Dynamo => $"node_{opType}_{_count.Values.Sum(used => used + 1)}",
            Exporter.TensorFlow => count == 0 ? $"model/{_scope}/{opType}" : $"model/{_scope}/{opType}_{count}",
            Exporter.Paddle => $"p2o.{opType}.{count}",
            _ => count == 0 ? $"/{_scope}/{opType}" : $"/{_scope}/{opType}_{count}",
        };
    }

    private string OutputName(string node, int index) => _exporter switch
    {
        Exporter.TensorFlow => $"{node}:{index}",
        Exporter.Dynamo => node["node_".Length..],
        Exporter.Paddle => index == 0 ? node : $"{node}.{index}",
        _ => $"{node}_output_{index}",
    };
}
