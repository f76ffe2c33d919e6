using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Reads the message from a file and says in plain words why it can't.</summary>
internal static class ModelFile
{
    /// <summary>The weights of larger files stay where they are; smaller ones don't get into anybody's way in memory.</summary>
    private const long Large = 1 << 26;

    /// <param name="large">Files of so many bytes hold weights that are read in place.</param>
    public static ModelProto Read(string path, long large = Large)
    {
        if (Directory.Exists(path))
            throw new InvalidModelException(ModelProblem.Folder, "That is a folder. Name the .onnx file inside it", path);
        if (!File.Exists(path))
            throw new InvalidModelException(ModelProblem.FileMissing,
                $"There is no file '{Path.GetFileName(path)}'. Check the path of the model", path);
        var file = MappedFile.Open(path);
        var inPlace = file.Length >= large && file.Length <= ModelMessage.Limit ? WeightsInPlace.TryParse(file) : null;
        var proto = inPlace is not null && IsModel(inPlace) ? inPlace : Parse(Contents(file, path), path);
        file.LetGo();
        return proto;
    }

    public static ModelProto Parse(ReadOnlySpan<byte> bytes, string? path)
    {
        try
        {
            // Over a span each tensor is allocated once at its size; over a stream the parser would gather it in pieces.
            var proto = ModelProto.Parser.ParseFrom(bytes);
            return IsModel(proto) ? proto : throw NotAModel.Explain(bytes, path);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw NotAModel.Explain(bytes, path, e);
        }
    }

    /// <summary>Almost any bytes are some message; a model has a version, a graph and, from IR 3 on, operator set versions.</summary>
    private static bool IsModel(ModelProto proto) =>
        proto is { IrVersion: > 0, Graph: not null } && (proto.IrVersion < 3 || proto.OpsetImport.Count > 0);

    private static ReadOnlySpan<byte> Contents(MappedFile file, string path) => file.Length switch
    {
        0 => throw new InvalidModelException(ModelProblem.FileEmpty, "The model file is empty. Export or download it again", path),
        > ModelMessage.Limit => throw new InvalidModelException(ModelProblem.TooLarge,
            $"The file has {file.Length >> 20:N0} MiB, and a model's message ends at 2 GiB. Export the model with external data", path),
        _ => file.Slice<byte>(0, file.Length),
    };
}
