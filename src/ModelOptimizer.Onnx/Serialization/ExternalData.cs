using System.Globalization;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// Lays tensors out in one data file. Big tensors start where an operating system can map them by themselves (64 KiB, the
/// coarsest granularity in use), others where vector instructions like to read.
/// </summary>
internal sealed class ExternalData(string location) : TensorPlacement
{
    private const long MinimumBytes = 1024;
    private const long BigBytes = 1 << 20;
    private const long BigAlignment = 1 << 16;
    private const long Alignment = 64;

    private readonly List<(long Offset, Tensor Tensor)> _layout = [];
    private readonly Dictionary<object, long> _offsets = [];

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; private set; }

    protected override TensorProto PlaceCore(Tensor tensor, string name)
    {
        if (tensor.ElementType == DataType.String || tensor.ByteCount < MinimumBytes)
            return tensor.ToInlineProto(name);
        var proto = tensor.ToHeader(name);
        proto.DataLocation = TensorProto.Types.DataLocation.External;
        Add(proto, "location", location);
        Add(proto, "offset", Reserve(tensor).ToString(CultureInfo.InvariantCulture));
        Add(proto, "length", tensor.ByteCount.ToString(CultureInfo.InvariantCulture));
        return proto;
    }

    public void WriteTo(Stream stream)
    {
        foreach (var (offset, tensor) in _layout)
        {
            stream.Position = offset;
            tensor.CopyTo(stream);
        }
    }

    /// <summary>Tensors that share their bytes share their place.</summary>
    private long Reserve(Tensor tensor)
    {
        if (_offsets.TryGetValue(tensor.Storage, out var known))
            return known;
        var alignment = tensor.ByteCount >= BigBytes ? BigAlignment : Alignment;
        var offset = (Length + alignment - 1) / alignment * alignment;
        _layout.Add((offset, tensor));
        Length = offset + tensor.ByteCount;
        return _offsets[tensor.Storage] = offset;
    }

    private static void Add(TensorProto proto, string key, string value) =>
        proto.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
}
