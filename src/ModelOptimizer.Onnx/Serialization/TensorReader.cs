using System.Globalization;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Chooses the kind of tensor for a message. External data must lie inside the model's own folder.</summary>
internal sealed class TensorReader(string? folder, string? modelPath)
{
    private readonly Dictionary<string, ExternalFile> _files = [];

    public Tensor Read(TensorProto proto) =>
        proto.DataLocation == TensorProto.Types.DataLocation.External ? ReadExternal(proto) : new InlineTensor(proto);

    public Tensor Read(SparseTensorProto proto) => new SparseTensor(proto, Read(proto.Values), Read(proto.Indices));

    private ExternalTensor ReadExternal(TensorProto proto)
    {
        var entries = proto.ExternalData.ToDictionary(entry => entry.Key, entry => entry.Value);
        var file = Open(entries.GetValueOrDefault("location", ""), proto.Name);
        return new ExternalTensor(proto, file, Number(entries, "offset") ?? 0, Number(entries, "length"));
    }

    private static long? Number(Dictionary<string, string> entries, string key) =>
        entries.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private ExternalFile Open(string location, string tensor)
    {
        if (_files.TryGetValue(location, out var known))
            return known;
        return _files[location] = new ExternalFile(ExternalLocation.Resolve(folder, location, tensor, modelPath));
    }
}
