using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Writes graphs as messages under decided names.</summary>
internal sealed class GraphWriter(NameTable names, TensorPlacement placement)
{
    public GraphProto Write(Graph graph)
    {
        var proto = graph.Proto.Clone();
        proto.Node.AddRange(WriteNodes(graph));
        proto.Input.AddRange(graph.Inputs.Select(input => WriteDeclaration(input.Info!, names[input])));
        proto.Output.AddRange(graph.Outputs.Select(output => WriteDeclaration(output.Info, names[output])));
        foreach (var value in graph.Initializers)
            WriteInitializer(proto, value);
        proto.ValueInfo.AddRange(WriteDeclarations(graph));
        return proto;
    }

    public FunctionProto Write(Function function)
    {
        var proto = function.Proto.Clone();
        proto.Input.AddRange(function.Body.Inputs.Select(input => names[input]));
        proto.Output.AddRange(function.Body.Outputs.Select(output => names[output]));
        proto.Node.AddRange(WriteNodes(function.Body));
        proto.ValueInfo.AddRange(WriteDeclarations(function.Body));
        return proto;
    }

    private void WriteInitializer(GraphProto proto, Value value)
    {
        if (value.Initializer is SparseTensor sparse)
            proto.SparseInitializer.Add(sparse.ToSparseProto(names[value]));
        else
            proto.Initializer.Add(placement.Place(value.Initializer!, names[value]));
    }

    private IEnumerable<NodeProto> WriteNodes(Graph graph)
    {
        var nodeNames = new UniqueNames();
        foreach (var node in graph.Nodes.AsRead ?? (IEnumerable<Node>)graph.Nodes)
            yield return WriteNode(node, nodeNames);
        foreach (var output in graph.Outputs.Where(names.NeedsIdentity))
            yield return new NodeProto { OpType = "Identity", Input = { names[output.Value] }, Output = { names[output] } };
    }

    private NodeProto WriteNode(Node node, UniqueNames nodeNames)
    {
        var proto = node.Proto.Clone();
        proto.Name = nodeNames.Claim(proto.Name);
        proto.Input.AddRange(node.Inputs.Select(NameOf));
        proto.Output.AddRange(node.Outputs.Select(NameOf));
        foreach (var body in node.Bodies)
            WriteBody(proto.Attribute.First(attribute => attribute.Name == body.Attribute), body);
        foreach (var (name, tensor) in node.Attributes.Tensors.Where(pair => pair.Value.IsExternal))
            WriteExternal(proto.Attribute.First(attribute => attribute.Name == name), tensor);
        return proto;
    }

    private void WriteExternal(AttributeProto attribute, Tensor tensor) => attribute.T = placement.Place(tensor, attribute.T.Name);

    private void WriteBody(AttributeProto attribute, NodeBody body)
    {
        if (body.Index < 0)
            attribute.G = Write(body.Graph);
        else
            attribute.Graphs.Add(Write(body.Graph));
    }

    private string NameOf(Value? value) => value is null ? "" : names[value];

    private static ValueInfoProto WriteDeclaration(ValueInfoProto info, string name)
    {
        var copy = info.Clone();
        copy.Name = name;
        return copy;
    }

    /// <summary>Declarations whose value is gone are dropped; those that never had one stay while their name is free.</summary>
    private IEnumerable<ValueInfoProto> WriteDeclarations(Graph graph)
    {
        foreach (var (value, info) in graph.Declarations)
        {
            if (value is null ? names.IsTaken(graph, info.Name) : !names.Contains(value))
                continue;
            yield return WriteDeclaration(info, value is null ? info.Name : names[value]);
        }
    }

    /// <summary>Node names need to differ within a graph, or the runtime refuses the model.</summary>
    private sealed class UniqueNames
    {
        private readonly HashSet<string> _taken = [];
        private readonly Dictionary<string, int> _counters = [];

        public string Claim(string hint)
        {
            var name = hint;
            while (name.Length > 0 && !_taken.Add(name))
                name = $"{hint}_{_counters[hint] = _counters.GetValueOrDefault(hint) + 1}";
            return name;
        }
    }
}
