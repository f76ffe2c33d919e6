using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Turns a model file into objects.</summary>
internal static class ModelReader
{
    public static OnnxModel Load(string path)
    {
        var full = Path.GetFullPath(path);
        try
        {
            return Build(ModelFile.Read(full), Path.GetDirectoryName(full), full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException(ModelProblem.CannotRead,
                $"The model can't be read: {e.Message.TrimEnd('.')}. Check the file's permissions and that no other program holds it", full, e);
        }
    }

    public static OnnxModel Parse(ReadOnlySpan<byte> bytes, string? folder) => Build(ModelFile.Parse(bytes, path: null), folder, path: null);

    private static OnnxModel Build(ModelProto proto, string? folder, string? path)
    {
        var graph = proto.Graph;
        var functions = proto.Functions.ToArray();
        proto.Graph = null;
        proto.Functions.Clear();

        var model = new OnnxModel(proto, path);
        var reader = new GraphReader(folder, path);
        model.Graph = reader.Read(graph, owner: null, scope: null);
        model.Graph.InitializersMayBeFed = model.InitializersMayBeFed;
        foreach (var function in functions)
            model.FunctionList.Add(reader.Read(function));
        model.ExternalFiles = reader.ExternalFiles;
        model.IrVersionNeededAsRead = IrVersions.Needed(model);
        return model;
    }
}
