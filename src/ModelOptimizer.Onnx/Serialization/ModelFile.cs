using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Reads the message from a file and says in plain words why it can't.</summary>
internal static class ModelFile
{
    public static ModelProto Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidModelException(ModelProblem.FileMissing, $"There is no file '{path}'", path);
        using var stream = File.OpenRead(path);
        if (stream.Length == 0)
            throw new InvalidModelException(ModelProblem.FileEmpty, "The model file is empty", path);
        try
        {
            return ModelProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidModelException(ModelProblem.NotAModel, $"The file is not an ONNX model: {e.Message}", path, e);
        }
    }
}
