using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Copies structure and shares tensors, so that a stage can be tried and dropped.</summary>
internal sealed class GraphCloner
{
    /// <summary>The copies; null for a function's input that a call leaves out.</summary>
    private readonly Dictionary<Value, Value?> _values = [];
    private readonly Dictionary<Node, Node> _nodes = [];

    /// <summary>What the attributes of a function's nodes refer to; null where references are copied as they are.</summary>
    private FunctionCall? _call;

    public static OnnxModel Clone(OnnxModel model, out IReadOnlyDictionary<Value, Value?> copies)
    {
        var cloner = new GraphCloner();
        var clone = new OnnxModel(model.Proto.Clone(), model.Path)
        {
            ExternalFiles = model.ExternalFiles,
            IrVersionNeededAsRead = model.IrVersionNeededAsRead,
            Scratch = model.Scratch,
        };
        clone.Graph = cloner.Clone(model.Graph, owner: null);
        foreach (var function in model.Functions)
            clone.FunctionList.Add(new Function(function.Proto.Clone(), cloner.Clone(function.Body, owner: null)));
        copies = cloner._values;
        return clone;
    }

    /// <summary>Copies what a function does to where it is called.</summary>
    /// <returns>The values that the function hands out; null for an input that the call leaves out.</returns>
    public static IReadOnlyList<Value?> CopyInto(FunctionCall call)
    {
        var cloner = new GraphCloner { _call = call };
        var body = call.Function.Body;
        for (var i = 0; i < body.Inputs.Count; i++)
            cloner._values[body.Inputs[i]] = call.Node.Input(i);
        foreach (var node in body.Nodes)
            cloner.CloneNode(call.Node.Graph!, node, before: call.Node);
        return [.. body.Outputs.Select(output => cloner._values[output.Value])];
    }

    /// <summary>Copies nodes of the main graph into a model of their own.</summary>
    /// <param name="isFed">Which constants become inputs, too.</param>
    public static OnnxModel Extract(OnnxModel model, IEnumerable<Node> nodes, Predicate<Value> isFed, out IReadOnlyList<Value> reads,
        out IReadOnlyDictionary<Value, Value?> copies)
    {
        var cloner = new GraphCloner();
        var graph = new Graph(new GraphProto { Name = model.Graph.Name }, owner: null) { InitializersMayBeFed = model.Graph.InitializersMayBeFed };
        var part = new OnnxModel(model.Proto.Clone(), model.Path)
        {
            Graph = graph,
            ExternalFiles = model.ExternalFiles,
            IrVersionNeededAsRead = model.IrVersionNeededAsRead,
            Scratch = model.Scratch,
        };
        foreach (var function in model.Functions)
            part.FunctionList.Add(new Function(function.Proto.Clone(), cloner.Clone(function.Body, owner: null)));
        var inputs = new List<Value>();
        foreach (var node in nodes)
        {
            foreach (var value in GraphWalker.Reads(node))
                cloner.Supply(graph, value, isFed, inputs);
            cloner.CloneNode(graph, node);
        }
        (reads, copies) = (inputs, cloner._values);
        return part;
    }

    /// <summary>Brings a value from outside the nodes copied: a constant as it is, everything else as an input.</summary>
    private void Supply(Graph graph, Value value, Predicate<Value> isFed, List<Value> inputs)
    {
        if (_values.ContainsKey(value))
            return;
        var isConstant = !isFed(value);
        if (isConstant && value.Initializer is { } tensor)
            _values[value] = graph.AddInitializer(value.Name, tensor);
        else if (isConstant && value.Producer is { OpType: "Constant", Domain: "" } constant)
            CloneNode(graph, constant);
        else
        {
            var info = (value.Type ?? value.Initializer?.Type) is { } type
                ? new ValueInfoProto { Type = ProtoTypes.ToProto(value.Initializer?.Type ?? type with { Shape = null }) }
                : value.Info?.Clone() ?? new ValueInfoProto();
            info.Name = $"input_{inputs.Count}";
            var input = _values[value] = new Value(graph, info.Name) { Info = info };
            graph.AddInput(input);
            inputs.Add(value);
        }
    }

    private Graph Clone(Graph source, Node? owner)
    {
        var graph = new Graph(source.Proto.Clone(), owner)
        {
            IsFunction = source.IsFunction,
            InitializersMayBeFed = source.InitializersMayBeFed,
        };
        foreach (var input in source.Inputs)
            graph.AddInput(CloneValue(graph, input));
        foreach (var initializer in source.Initializers)
            graph.AddInitializer(_values.GetValueOrDefault(initializer) ?? CloneValue(graph, initializer));
        foreach (var node in source.Nodes)
            CloneNode(graph, node);
        graph.Nodes.AsRead = source.Nodes.AsRead?.Select(node => _nodes[node]).ToArray();
        foreach (var output in source.Outputs)
            graph.AddOutput(output.Info.Clone(), _values[output.Value]!);
        foreach (var (value, info) in source.Declarations)
            CloneDeclaration(graph, value, info);
        foreach (var shadowed in source.MadeValues.Where(value => value.ShadowedBy is not null))
            _values[shadowed]!.ShadowedBy = _values.GetValueOrDefault(shadowed.ShadowedBy!);
        return graph;
    }

    private void CloneDeclaration(Graph graph, Value? value, ValueInfoProto info)
    {
        var clone = value is null ? null : _values.GetValueOrDefault(value);
        if (value is not null && clone is null)
            return;
        graph.Declarations.Add((clone, ReferenceEquals(value?.Info, info) ? clone!.Info! : info.Clone()));
    }

    private void CloneNode(Graph graph, Node source, Node? before = null)
    {
        var node = _nodes[source] = new Node(source.Proto.Clone());
        foreach (var (name, tensor) in source.Attributes.Tensors)
            node.Attributes.Attach(name, tensor);
        _call?.Bind(node);
        graph.Nodes.Link(node, before);
        for (var i = 0; i < source.Inputs.Count; i++)
            node.SetInput(i, source.Inputs[i] is { } input ? _values[input] : null);
        foreach (var output in source.Outputs)
            node.AddOutput(output is null ? null : CloneValue(graph, output));
        foreach (var body in source.Bodies)
            node.BodyList.Add(body with { Graph = Clone(body.Graph, node) });
    }

    private Value CloneValue(Graph graph, Value source)
    {
        var value = new Value(graph, source.Name) { Initializer = source.Initializer, Info = source.Info?.Clone() };
        value.InferLike(source);
        _values[source] = value;
        return value;
    }
}
