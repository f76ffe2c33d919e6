using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The float32 values of a model, bodies and functions included, with what makes and what reads them.</summary>
internal sealed class HalfGraph
{
    private readonly OnnxModel _model;
    private readonly HalfPorts _ports;
    private readonly Dictionary<HalfPort, HalfVertex> _byPort = [];
    private readonly List<HalfVertex> _vertices = [];
    private readonly List<HalfEdge> _edges = [];

    /// <param name="model">A model whose types have been inferred.</param>
    public HalfGraph(OnnxModel model)
    {
        _model = model;
        _ports = new HalfPorts(model);
        foreach (var value in GraphWalker.Graphs(model).SelectMany(Values))
            if (value.Type is null)
                Untyped(value);
            else if (value.Type.ElementType == DataType.Float && !value.IsShadowed)
                _edges.Add(new HalfEdge(value, IsConstant(value) ? null : Vertex(_ports.Maker(value)), Readers(value)));
    }

    public OnnxModel Model => _model;

    /// <summary>By number.</summary>
    public IReadOnlyList<HalfVertex> Vertices => _vertices;

    public IReadOnlyList<HalfEdge> Edges => _edges;

    public HalfVertex At(HalfPort port) => _byPort[port];

    private static IEnumerable<Value> Values(Graph graph) => graph.Inputs.Where(input => input.Initializer is null).Concat(graph.MadeValues);

    private static bool IsConstant(Value value) => value.Constant is not null;

    private (Use, HalfVertex)[] Readers(Value value) =>
        [.. value.Uses.Select(use => (use, Vertex(_ports.Reader(use)))).OrderBy(reader => reader.Item2.Number).ThenBy(reader => reader.use.Index)];

    /// <summary>It may be of any type, so nothing around it may change its own.</summary>
    private void Untyped(Value value)
    {
        foreach (var port in value.Uses.Select(_ports.Reader).Append(_ports.Maker(value)))
            Vertex(port).Keep("the type of a value at it is unknown");
    }

    private HalfVertex Vertex(HalfPort port)
    {
        if (_byPort.TryGetValue(port, out var known))
            return known;
        var vertex = new HalfVertex(_vertices.Count, port);
        if (Obstacle(vertex) is { } why)
            vertex.Keep(why);
        _vertices.Add(vertex);
        return _byPort[port] = vertex;
    }

    /// <summary>What stands against another type there, whatever the numbers are.</summary>
    private string? Obstacle(HalfVertex vertex) => vertex.Port switch
    {
        { Kind: HalfPortKind.Fixed } => "it takes float32 there",
        { Kind: HalfPortKind.Input, Owner: Value { Initializer: not null } } => "it has a default, which callers may replace",
        { Kind: HalfPortKind.Node, Owner: Node node } => Obstacle(node, vertex.Operator),
        _ => null,
    };

    private string? Obstacle(Node node, HalfOperator? known)
    {
        if (known is null)
            return $"{node.OpType} has no float16 form that ONNX Runtime runs";
        if (ForeignOwner(node.Graph!) is { } owner)
            return $"it stands in a body of {owner.OpType}, which computes in float32 only";
        if (node.Attributes.HasReferences)
            return "an attribute comes from the function's caller";
        var version = node.Domain.Length == 0 ? _model.OpsetOf(node.Graph!) : 1;
        if (version < known.Since)
            return $"{node.OpType} takes float16 from opset {known.Since} on, and this is {version}";
        if (node.Is("ScatterElements", "ScatterND") && node.Attributes.TryGetString("reduction") is not (null or "none"))
            return "ONNX Runtime scatters float16 without reduction only";
        return node.Is("LayerNormalization", "Dropout", "BatchNormalization") && node.Outputs.Skip(1).Any(output => output?.Uses.Count > 0)
            ? "its statistics are read, too"
            : null;
    }

    /// <summary>The operator beyond ONNX's own whose body the graph is, or lies in: what types its body may have is not for ONNX to say.</summary>
    private static Node? ForeignOwner(Graph graph)
    {
        var owner = graph.Owner;
        while (owner is { Domain: "" or "ai.onnx" })
            owner = owner.Graph?.Owner;
        return owner;
    }
}
