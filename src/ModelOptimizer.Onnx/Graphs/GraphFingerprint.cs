using System.Runtime.CompilerServices;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// A number that changes with the structure of a model: nodes, edges, attributes, constants, signature. It is made of object identities,
/// so it is cheap, and means something only for the same model in the same process.
/// </summary>
public static class GraphFingerprint
{
    public static int Of(OnnxModel model)
    {
        var hash = new HashCode();
        hash.Add(model.IrVersion);
        foreach (var opset in model.Proto.OpsetImport)
            hash.Add((opset.Domain, opset.Version));
        foreach (var graph in GraphWalker.Graphs(model))
            Add(ref hash, graph);
        return hash.ToHashCode();
    }

    private static void Add(ref HashCode hash, Graph graph)
    {
        AddIdentity(ref hash, graph);
        foreach (var input in graph.Inputs)
            AddIdentity(ref hash, input);
        foreach (var initializer in graph.Initializers)
        {
            AddIdentity(ref hash, initializer);
            AddIdentity(ref hash, initializer.Initializer);
        }
        foreach (var node in graph.Nodes)
            Add(ref hash, node);
        Add(ref hash, graph.Return);
    }

    private static void Add(ref HashCode hash, Node node)
    {
        AddIdentity(ref hash, node);
        hash.Add((node.OpType, node.Domain));
        // A changed attribute is a new message.
        foreach (AttributeProto attribute in node.Proto.Attribute)
            AddIdentity(ref hash, attribute);
        for (var i = 0; i < node.Inputs.Count; i++)
            AddIdentity(ref hash, node.Inputs[i]);
        foreach (var output in node.Outputs)
            AddIdentity(ref hash, output);
    }

    private static void AddIdentity(ref HashCode hash, object? thing) => hash.Add(thing is null ? 0 : RuntimeHelpers.GetHashCode(thing));
}
