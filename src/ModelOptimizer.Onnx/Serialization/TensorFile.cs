using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Reads single tensors from files, such as the <c>input_0.pb</c> of an ONNX test data set.</summary>
public static class TensorFile
{
    /// <summary>The tensor and its name, which may be empty.</summary>
    /// <exception cref="InvalidModelException">The file is missing, empty or holds no tensor; the message says which.</exception>
    public static (string Name, Tensor Tensor) Load(string path)
    {
        var proto = Parse(path);
        if (proto.DataType == (int)DataType.Undefined)
            throw new InvalidModelException(ModelProblem.InvalidTensor, "The file holds no tensor", path);
        var tensor = new TensorReader(Path.GetDirectoryName(Path.GetFullPath(path)), path).Read(proto);
        return (proto.Name, tensor);
    }

    private static TensorProto Parse(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return TensorProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidModelException(ModelProblem.InvalidTensor, $"The file holds no tensor: {e.Message}", path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException(ModelProblem.FileMissing, $"The file can't be read: {e.Message}", path, e);
        }
    }
}
