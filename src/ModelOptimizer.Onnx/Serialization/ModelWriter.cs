using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Turns a model into a message and a message into a file.</summary>
public static class ModelWriter
{
    /// <summary>The model as one message, external data included by reference.</summary>
    public static byte[] ToBytes(OnnxModel model) => ToProto(model).ToByteArray();

    internal static ModelProto ToProto(OnnxModel model)
    {
        var proto = model.Proto.Clone();
        proto.Graph = new GraphWriter(NameTable.For(model.Graph)).Write(model.Graph);
        foreach (var function in model.Functions)
            proto.Functions.Add(new GraphWriter(NameTable.For(function.Body)).Write(function));
        return proto;
    }
}
