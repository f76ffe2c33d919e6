using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Makes messages as exporters would, for models that no builder of ours should be able to make.</summary>
internal static class ProtoModels
{
    public static ModelProto Model(GraphProto graph, long irVersion = 8, long opset = 17) => new()
    {
        IrVersion = irVersion,
        OpsetImport = { new OperatorSetIdProto { Version = opset } },
        Graph = graph,
    };

    /// <summary>A graph over float edges: <c>Graph(["x"], ["y"], Node("Relu", ["x"], ["y"]))</c>.</summary>
    public static GraphProto Graph(string[] inputs, string[] outputs, params NodeProto[] nodes) => new()
    {
        Name = "main",
        Input = { inputs.Select(Declaration) },
        Output = { outputs.Select(Declaration) },
        Node = { nodes },
    };

    public static NodeProto Node(string opType, string[] inputs, string[] outputs, params AttributeProto[] attributes) =>
        new() { OpType = opType, Input = { inputs }, Output = { outputs }, Attribute = { attributes } };

    public static AttributeProto Body(string name, GraphProto graph) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };

    public static TensorProto Floats(string name, params float[] elements) => new()
    {
        Name = name,
        DataType = (int)DataType.Float,
        Dims = { elements.Length },
        RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(elements)),
    };

    public static TensorProto External(string name, long count, string location, long? offset = null, long? length = null)
    {
        var proto = new TensorProto
        {
            Name = name,
            DataType = (int)DataType.Float,
            Dims = { count },
            DataLocation = TensorProto.Types.DataLocation.External,
            ExternalData = { new StringStringEntryProto { Key = "location", Value = location } },
        };
        if (offset is { } at)
            proto.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{at}" });
        if (length is { } bytes)
            proto.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{bytes}" });
        return proto;
    }

    public static GraphProto With(this GraphProto graph, params TensorProto[] initializers)
    {
        graph.Initializer.AddRange(initializers);
        return graph;
    }

    public static OnnxModel Load(ModelProto proto, string? folder = null) => OnnxModel.Parse(proto.ToByteArray(), folder);

    public static OnnxModel Load(GraphProto graph) => Load(Model(graph));

    private static ValueInfoProto Declaration(string name) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new() { ElemType = (int)DataType.Float } },
    };
}
