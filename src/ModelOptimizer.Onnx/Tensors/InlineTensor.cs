using System.Runtime.InteropServices;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// A tensor whose bytes lie in the model's own message. The message is kept as it was read, so that its encoding
/// (<c>raw_data</c> or a typed field), documentation and unknown fields survive.
/// </summary>
internal sealed class InlineTensor : Tensor
{
    private readonly TensorProto _proto;
    private byte[]? _decoded;

    internal InlineTensor(TensorProto proto)
        : base((DataType)proto.DataType, [.. proto.Dims]) => _proto = proto;

    public override long ByteCount => ElementType == DataType.String ? _proto.StringData.Sum(s => (long)s.Length) : base.ByteCount;

    public override ReadOnlySpan<T> AsSpan<T>() => MemoryMarshal.Cast<byte, T>(_proto.RawData.IsEmpty ? Decoded : _proto.RawData.Span);

    public override ReadOnlyMemory<byte>? InPlace => _proto.RawData.IsEmpty ? Decoded : _proto.RawData.Memory;

    internal override bool IsAskew => Mapped is { } mapped && mapped.Offset % Math.Max(1, ByteCount / ElementCount) != 0;

    public override void LetGo() => Mapped?.LetGo();

    /// <summary>Where they lie when they were left in the file.</summary>
    private MappedBytes? Mapped => MemoryMarshal.TryGetMemoryManager(_proto.RawData.Memory, out MappedBytes? mapped) ? mapped : null;

    private byte[] Decoded => _decoded ??= TypedFields.ToPackedBytes(_proto);

    public override IReadOnlyList<ReadOnlyMemory<byte>> Strings => [.. _proto.StringData.Select(s => s.Memory)];

    internal override TensorProto ToProto(string name)
    {
        if (_proto.Name == name)
            return _proto;
        var copy = _proto.Clone();
        copy.Name = name;
        return copy;
    }

    internal override TensorProto ToHeader(string name)
    {
        var header = _proto.Clone();
        header.Name = name;
        TypedFields.Clear(header);
        return header;
    }
}
