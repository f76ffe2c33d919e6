using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Turns graph messages into graphs: first every name is declared, then edges are drawn, then order is settled.</summary>
internal sealed class GraphReader(string? folder, string? path)
{
    private readonly TensorReader _tensors = new(folder, path);

    public IReadOnlyList<string> ExternalFiles => _tensors.Files;

    public Graph Read(GraphProto proto, Node? owner, Scope? scope, bool isFunction = false)
    {
        var nodes = proto.Node.ToArray();
        var outputs = proto.Output.ToArray();
        var graph = new Graph(proto, owner) { IsFunction = isFunction };
        var names = new Scope(scope);
        ReadSignatureAndInitializers(graph, names);
        ReadNodes(graph, names, nodes);
        foreach (var output in outputs)
            graph.AddOutput(output, Find(names, output.Name, "the graph's outputs"));
        ReadDeclarations(graph, names);
        proto.Node.Clear();
        proto.Output.Clear();
        TopologicalOrder.Establish(graph, path);
        return graph;
    }

    public Function Read(FunctionProto proto)
    {
        var body = new GraphProto { Name = proto.Name };
        body.Input.AddRange(proto.Input.Select(name => new ValueInfoProto { Name = name }));
        body.Output.AddRange(proto.Output.Select(name => new ValueInfoProto { Name = name }));
        body.Node.AddRange(proto.Node);
        body.ValueInfo.AddRange(proto.ValueInfo);
        proto.Input.Clear();
        proto.Output.Clear();
        proto.Node.Clear();
        proto.ValueInfo.Clear();
        return new Function(proto, Read(body, owner: null, scope: null, isFunction: true));
    }

    private void ReadSignatureAndInitializers(Graph graph, Scope names)
    {
        foreach (var input in graph.Proto.Input)
        {
            var value = new Value(graph, input.Name) { Info = input };
            Declare(names, value);
            graph.AddInput(value);
        }
        foreach (var initializer in graph.Proto.Initializer)
            AddInitializer(graph, names, initializer.Name, _tensors.Read(initializer));
        foreach (var sparse in graph.Proto.SparseInitializer)
            AddInitializer(graph, names, sparse.Values.Name, _tensors.Read(sparse));
        graph.Proto.Input.Clear();
        graph.Proto.Initializer.Clear();
        graph.Proto.SparseInitializer.Clear();
    }

    private void AddInitializer(Graph graph, Scope names, string name, Tensor tensor)
    {
        // Up to IR 3 every initializer was a graph input too; later that means it can be overridden.
        var input = names.FindHere(name) is { IsGraphInput: true, Initializer: null } declared ? declared : null;
        var value = input ?? new Value(graph, name);
        value.Initializer = tensor;
        graph.AddInitializer(value);
        if (input is null)
            Declare(names, value);
    }

    private void ReadNodes(Graph graph, Scope names, NodeProto[] protos)
    {
        var read = protos.Select(proto => (Inputs: proto.Input.ToArray(), Node: ReadNode(graph, names, proto))).ToArray();
        foreach (var (inputs, node) in read)
        {
            for (var i = 0; i < inputs.Length; i++)
                node.SetInput(i, inputs[i].Length == 0 ? null : Find(names, inputs[i], node.ToString()));
            ReadBodies(node, names);
        }
    }

    private Node ReadNode(Graph graph, Scope names, NodeProto proto)
    {
        var node = new Node(proto);
        graph.Nodes.Link(node, before: null);
        foreach (var attribute in proto.Attribute.Where(attribute => attribute.T is not null))
            node.Attributes.Attach(attribute.Name, _tensors.Read(attribute.T));
        foreach (var name in proto.Output)
        {
            var value = name.Length == 0 ? null : new Value(graph, name);
            node.AddOutput(value);
            if (value is not null)
                Declare(names, value);
        }
        proto.Input.Clear();
        proto.Output.Clear();
        return node;
    }

    private void ReadBodies(Node node, Scope names)
    {
        foreach (var attribute in node.Proto.Attribute)
        {
            if (attribute.G is { } single)
                node.BodyList.Add(new NodeBody(attribute.Name, -1, Read(single, node, names)));
            for (var i = 0; i < attribute.Graphs.Count; i++)
                node.BodyList.Add(new NodeBody(attribute.Name, i, Read(attribute.Graphs[i], node, names)));
            attribute.G = null;
            attribute.Graphs.Clear();
        }
    }

    private static void ReadDeclarations(Graph graph, Scope names)
    {
        foreach (var info in graph.Proto.ValueInfo)
        {
            var value = names.FindHere(info.Name);
            if (value is not null)
                value.Info ??= info;
            graph.Declarations.Add((value, info));
        }
        graph.Proto.ValueInfo.Clear();
    }

    private Value Declare(Scope names, Value value) => names.TryDeclare(value) || names.TryShadow(value) ? value : throw Duplicate(value.Name);

    private InvalidModelException Duplicate(string name) =>
        new(ModelProblem.DuplicateName, $"The name '{name}' is made twice in one graph. Export the model with unique names", path);

    private Value Find(Scope names, string name, string reader) => names.Find(name) ??
        throw new InvalidModelException(ModelProblem.UndefinedName, $"{reader} reads '{name}', which nothing makes. Export the whole graph", path);
}
