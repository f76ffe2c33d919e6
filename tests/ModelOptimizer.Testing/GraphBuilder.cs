using Google.Protobuf;
using ModelOptimizer.Onnx;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Testing;

/// <summary>The forms in which a model can hold a weight.</summary>
public enum WeightForm
{
    Initializer,
    ConstantNode,

    /// <summary>An initializer that is also an input.</summary>
    InputWithDefault,

    /// <summary>An initializer of the main graph, which bodies read from there.</summary>
    Captured,
}

/// <summary>
/// Builds small models for tests, top to bottom: <c>var x = g.Input("x", DataType.Float, 2, 3); g.Output("y", g.Op("Relu", x));</c>
/// Bodies of If and Loop are built by the lambdas given, with a builder of their own.
/// </summary>
public sealed class GraphBuilder
{
    private readonly OnnxModel _model;
    private readonly Graph _graph;
    private readonly GraphBuilder? _outer;
    private readonly Dictionary<string, Value> _weights = [];

    /// <param name="opset">Version of the standard operators; that of <c>com.microsoft</c> is always imported.</param>
    public GraphBuilder(long opset = 17, long irVersion = 8)
    {
        _model = OnnxModel.Create(irVersion, new Dictionary<string, long> { [""] = opset, ["com.microsoft"] = 1 });
        _graph = _model.Graph;
    }

    private GraphBuilder(OnnxModel model, Graph graph, GraphBuilder? outer)
    {
        _model = model;
        _graph = graph;
        _outer = outer;
    }

    /// <summary>How <see cref="Weight"/> supplies constants.</summary>
    public WeightForm Weights { get; init; }

    /// <summary>The version of the standard operators.</summary>
    public long Opset => _model.OpsetOf(_graph);

    /// <summary>The model; its edges have been verified.</summary>
    public OnnxModel Build()
    {
        if (GraphVerifier.Verify(_model) is [var problem, ..])
            throw new InvalidOperationException($"The test builds an invalid model: {problem}");
        return _model;
    }

    public Value Input(string name, DataType type, params Dimension[] dimensions) => Input(name, new TensorType(type, new Shape([.. dimensions])));

    public Value Input(string name, TensorType type) => _graph.AddInput(name, type);

    public void Output(string name, Value value, TensorType? type = null) => _graph.AddOutput(name, value, type);

    public Value Initializer(string name, Tensor tensor) => _graph.AddInitializer(name, tensor);

    public Value Initializer(string name, long[] dimensions, params float[] elements) => Initializer(name, Tensor.Create(dimensions, elements));

    /// <summary>A vector of int64, as shapes and axes are given.</summary>
    public Value Int64s(string name, params long[] elements) => Initializer(name, Tensor.Create([elements.Length], elements));

    /// <summary>An initializer that is also an input: from IR 4 on a caller may feed it.</summary>
    public Value InputWithDefault(string name, Tensor tensor)
    {
        var value = _graph.AddInput(name, tensor.Type);
        value.Initializer = tensor;
        _graph.AddInitializer(value);
        return value;
    }

    /// <summary>A constant in the form that <see cref="Weights"/> says; asked for twice in one graph, it is shared.</summary>
    public Value Weight(string name, Tensor tensor)
    {
        if (Weights == WeightForm.Captured && _outer is not null)
            return _outer.Weight(name, tensor);
        if (_weights.TryGetValue(name, out var known))
            return known;
        return _weights[name] = Weights switch
        {
            WeightForm.ConstantNode => Constant(tensor),
            WeightForm.InputWithDefault => InputWithDefault(name, tensor),
            _ => Initializer(name, tensor),
        };
    }

    public Value Constant(Tensor tensor) => Op("Constant", [], ("value", tensor));

    /// <summary>Declares the type of an intermediate value as a file may, true or not.</summary>
    public void Declare(Value value, TensorType type)
    {
        value.Info = new ValueInfoProto { Name = value.Name, Type = ProtoTypes.ToProto(type) };
        _graph.Declarations.Add((value, value.Info));
    }

    /// <summary>A node with one output.</summary>
    public Value Op(string opType, params Value?[] inputs) => Node(opType, inputs).Output();

    /// <summary>A node with one output and attributes: long, long[], float, float[], string, string[] or Tensor.</summary>
    public Value Op(string opType, Value?[] inputs, params (string Name, object Value)[] attributes) =>
        Node(opType, inputs, 1, attributes).Output();

    /// <summary>A node; <paramref name="opType"/> may name a domain: <c>com.microsoft.Gelu</c>.</summary>
    public Node Node(string opType, Value?[] inputs, int outputs = 1, params (string Name, object Value)[] attributes)
    {
        var dot = opType.LastIndexOf('.');
        var node = _graph.Insert(null, opType[(dot + 1)..], inputs, outputs, domain: dot < 0 ? "" : opType[..dot]);
        foreach (var (name, value) in attributes)
            Set(node, name, value);
        return node;
    }

    /// <summary>An If with as many outputs as the branches return.</summary>
    public Node If(Value condition, Func<GraphBuilder, Value[]> then, Func<GraphBuilder, Value[]> otherwise)
    {
        var node = _graph.Insert(null, "If", [condition], outputs: 0);
        AddBody(node, "then_branch", then);
        AddBody(node, "else_branch", otherwise);
        return WithOutputs(node, node.Bodies[0].Graph.Outputs.Count);
    }

    /// <summary>A Loop over carried values; the body returns the condition, the carried values, then what is collected.</summary>
    /// <param name="body">Gets its builder and its formals: iteration, condition, carried values.</param>
    public Node Loop(Value? trips, Value? condition, Value[] carried, Func<GraphBuilder, Value[], Value[]> body)
    {
        var node = _graph.Insert(null, "Loop", [trips, condition, .. carried], outputs: 0);
        AddBody(node, "body", inner =>
        {
            var iteration = inner.Input("iteration", DataType.Int64);
            var goOn = inner.Input("condition", DataType.Bool);
            var formals = carried.Select((value, i) => inner.FormalInput($"carried_{i}", value.Type));
            return body(inner, [iteration, goOn, .. formals]);
        });
        return WithOutputs(node, node.Bodies[0].Graph.Outputs.Count - 1);
    }

    /// <summary>A Scan along axis 0; the body gets the carried values, then a slice of each scanned one, and returns the carried values, then slices.</summary>
    public Node Scan(Value[] carried, Value[] scanned, Func<GraphBuilder, Value[], Value[]> body)
    {
        var node = _graph.Insert(null, "Scan", [.. carried, .. scanned], outputs: 0);
        node.Attributes.Set("num_scan_inputs", scanned.Length);
        AddBody(node, "body", inner =>
        {
            var formals = carried.Select((value, i) => inner.FormalInput($"carried_{i}", value.Type));
            var slices = scanned.Select((value, i) => inner.FormalInput($"slice_{i}", Slice(value.Type)));
            return body(inner, [.. formals, .. slices]);
        });
        return WithOutputs(node, node.Bodies[0].Graph.Outputs.Count);
    }

    private static TensorType? Slice(TensorType? type) => type is { Shape: { } shape } ? type with { Shape = new Shape(shape.Dimensions.RemoveAt(0)) } : null;

    /// <summary>A Scan of opset 8, over a batch; the body sees one row of it and returns the carried values, then slices.</summary>
    /// <param name="scanned">How many of the inputs, the last ones, are cut along axis 1.</param>
    public Node BatchedScan(Value[] inputs, int scanned, Func<GraphBuilder, Value[], Value[]> body)
    {
        var node = _graph.Insert(null, "Scan", [null, .. inputs], outputs: 0);
        node.Attributes.Set("num_scan_inputs", scanned);
        AddBody(node, "body", inner => body(inner, [.. inputs.Select((_, i) => inner.FormalInput($"formal_{i}"))]));
        return WithOutputs(node, node.Bodies[0].Graph.Outputs.Count);
    }

    /// <summary>Declares a model-local function and imports its domain; <paramref name="body"/> gets the inputs and returns the outputs.</summary>
    /// <param name="opset">The version of the standard operators that it is written for; the model's by default.</param>
    public void Function(string domain, string name, int inputs, Func<GraphBuilder, Value[], Value[]> body, long? opset = null)
    {
        var graph = new Graph(new GraphProto { Name = name }, owner: null) { IsFunction = true };
        var proto = new FunctionProto { Domain = domain, Name = name, OpsetImport = { _model.Proto.OpsetImport.Clone() } };
        if (opset is not null)
            proto.OpsetImport.Single(import => import.Domain.Length == 0).Version = opset.Value;
        _model.FunctionList.Add(new Function(proto, graph));
        _model.ImportDomain(domain, 1);
        var builder = new GraphBuilder(_model, graph, outer: null) { Weights = Weights };
        AddOutputs(builder, body(builder, [.. Enumerable.Range(0, inputs).Select(i => builder.FormalInput($"input_{i}"))]));
    }

    /// <summary>Lets an attribute of a node of this function take its value from the call.</summary>
    /// <typeparam name="T">long or float.</typeparam>
    /// <param name="initial">What a long is when the call does not say it.</param>
    public Node FromCaller<T>(Node node, string attribute, long? initial = null)
    {
        var type = typeof(T) == typeof(float) ? AttributeProto.Types.AttributeType.Float : AttributeProto.Types.AttributeType.Int;
        node.Proto.Attribute.Add(new AttributeProto { Name = attribute, Type = type, RefAttrName = attribute });
        var function = _model.FunctionList.Find(function => function.Body == _graph)!.Proto;
        if (initial is null)
            function.Attribute.Add(attribute);
        else
            function.AttributeProto.Add(new AttributeProto { Name = attribute, Type = type, I = initial.Value });
        return node;
    }

    /// <summary>An input of a body or function, whose type may be left to those who feed it.</summary>
    private Value FormalInput(string name, TensorType? type = null)
    {
        if (type is not null)
            return Input(name, type);
        var value = new Value(_graph, name) { Info = new ValueInfoProto { Name = name } };
        _graph.AddInput(value);
        return value;
    }

    private void AddBody(Node node, string attribute, Func<GraphBuilder, Value[]> build)
    {
        var graph = new Graph(new GraphProto { Name = attribute }, node);
        node.BodyList.Add(new NodeBody(attribute, -1, graph));
        node.Proto.Attribute.Add(new AttributeProto { Name = attribute, Type = AttributeProto.Types.AttributeType.Graph });
        var builder = new GraphBuilder(_model, graph, outer: this) { Weights = Weights };
        AddOutputs(builder, build(builder));
    }

    private static void AddOutputs(GraphBuilder builder, Value[] values)
    {
        // A body's names must differ from those of the bodies around it.
        var suffix = builder._outer is { _outer: not null } ? $"_{Depth(builder)}" : "";
        for (var i = 0; i < values.Length; i++)
            builder.Output($"{builder._graph.Name}_output_{i}{suffix}", values[i]);
    }

    private static int Depth(GraphBuilder builder) => builder._outer is { } outer ? 1 + Depth(outer) : 0;

    private static Node WithOutputs(Node node, int count)
    {
        for (var i = 0; i < count; i++)
            node.AddOutput(new Value(node.Graph!, ""));
        return node;
    }

    private static void Set(Node node, string name, object value)
    {
        var attributes = node.Attributes;
        switch (value)
        {
            case int number: attributes.Set(name, (long)number); break;
            case long number: attributes.Set(name, number); break;
            case float number: attributes.Set(name, number); break;
            case string text: attributes.Set(name, text); break;
            case long[] numbers: attributes.Set(name, numbers); break;
            case float[] numbers: attributes.Set(name, numbers); break;
            case string[] texts: node.Proto.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Strings, Strings = { texts.Select(ByteString.CopyFromUtf8) } }); break;
            case Tensor tensor: attributes.Set(name, tensor); break;
            default: throw new ArgumentException($"No attribute of type {value.GetType().Name}", nameof(value));
        }
    }
}
