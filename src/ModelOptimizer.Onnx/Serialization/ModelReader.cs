using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Turns a model file into objects.</summary>
internal static class ModelReader
{
    public static OnnxModel Load(string path)
    {
        var full = Path.GetFullPath(path);
        var proto = ModelFile.Read(full);
        return Build(proto, Path.GetDirectoryName(full), full);
    }

    public static OnnxModel Parse(ReadOnlySpan<byte> bytes, string? folder)
    {
        try
        {
            return Build(ModelProto.Parser.ParseFrom(bytes), folder, null);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidModelException(ModelProblem.NotAModel, $"The bytes are not an ONNX model: {e.Message}", inner: e);
        }
    }

    private static OnnxModel Build(ModelProto proto, string? folder, string? path)
    {
        var graph = proto.Graph ?? throw new InvalidModelException(ModelProblem.NotAModel, "The model has no graph", path);
        var functions = proto.Functions.ToArray();
        proto.Graph = null;
        proto.Functions.Clear();

        var model = new OnnxModel(proto, path);
        var reader = new GraphReader(folder, path);
        model.Graph = reader.Read(graph, owner: null, scope: null);
        model.Graph.InitializersMayBeFed = model.InitializersMayBeFed;
        foreach (var function in functions)
            model.FunctionList.Add(reader.Read(function));
        model.HasExternalData = reader.SawExternalData;
        return model;
    }
}
