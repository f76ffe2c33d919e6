using System.Globalization;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Chooses the kind of tensor for a message. External data must lie inside the model's own folder.</summary>
internal sealed class TensorReader(string? folder, string? modelPath)
{
    private readonly Dictionary<string, MappedFile> _files = [];
    private readonly List<string> _paths = [];
    private readonly TensorCheck _check = new(modelPath);

    /// <summary>Full paths of the files that tensors lie in, in order of first mention.</summary>
    public IReadOnlyList<string> Files => _paths;

    public Tensor Read(TensorProto proto)
    {
        _check.Check(proto);
        return proto.DataLocation == TensorProto.Types.DataLocation.External ? ReadExternal(proto) : new InlineTensor(proto);
    }

    public Tensor Read(SparseTensorProto proto)
    {
        _check.Check(proto);
        var (values, indices) = (Read(proto.Values), Read(proto.Indices));
        _check.CheckIndices(proto, indices.AsSpan<long>());
        return new SparseTensor(proto, values, indices);
    }

    private ExternalTensor ReadExternal(TensorProto proto)
    {
        var location = Entry(proto, "location") ?? "";
        var file = Open(location, proto.Name);
        var offset = Number(proto, "offset") ?? 0;
        var tensor = new ExternalTensor(proto, file, offset);
        var length = Number(proto, "length") ?? tensor.ByteCount;
        if (length < tensor.ByteCount || offset > file.Length - tensor.ByteCount)
            throw new InvalidModelException(ModelProblem.ExternalDataTooShort,
                $"Tensor '{proto.Name}' needs {tensor.ByteCount} bytes at {offset} of '{location}', but finds "
                + $"{Math.Max(0, Math.Min(length, file.Length - offset))}. Get the data file that was saved with this very model", modelPath);
        return tensor;
    }

    private static string? Entry(TensorProto proto, string key) => proto.ExternalData.LastOrDefault(entry => entry.Key == key)?.Value;

    private long? Number(TensorProto proto, string key)
    {
        if (Entry(proto, key) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new InvalidModelException(
            ModelProblem.InvalidTensor, $"Tensor '{proto.Name}' gives '{text}' as the {key} of its external data. Export the model again", modelPath);
    }

    private MappedFile Open(string location, string tensor)
    {
        if (_files.TryGetValue(location, out var known))
            return known;
        var path = ExternalLocation.Resolve(folder, location, tensor, modelPath);
        _paths.Add(path);
        return _files[location] = MappedFile.Open(path);
    }
}
