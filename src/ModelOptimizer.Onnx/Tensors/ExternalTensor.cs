using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A tensor whose bytes lie in a file beside the model, read from the mapped file in place.</summary>
internal sealed class ExternalTensor : Tensor
{
    private readonly TensorProto _proto;
    private readonly MappedFile _file;
    private readonly long _offset;

    internal ExternalTensor(TensorProto proto, MappedFile file, long offset)
        : base((DataType)proto.DataType, [.. proto.Dims])
    {
        _proto = proto;
        _file = file;
        _offset = offset;
    }

    public override bool IsExternal => true;

    internal override object Storage => (_file, _offset, ByteCount);

    public override ReadOnlySpan<T> AsSpan<T>() => _file.Slice<T>(_offset, ByteCount);

    public override ReadOnlyMemory<byte>? InPlace => ByteCount <= Array.MaxLength ? _file.Memory(_offset, (int)ByteCount) : null;

    public override void LetGo() => _file.LetGo(_offset, ByteCount);

    internal override void CopyTo(Stream stream)
    {
        const int Chunk = 1 << 26;
        for (var start = 0L; start < ByteCount; start += Chunk)
            stream.Write(_file.Slice<byte>(_offset + start, Math.Min(Chunk, ByteCount - start)));
    }

    internal override TensorProto ToProto(string name)
    {
        var copy = _proto.Clone();
        copy.Name = name;
        return copy;
    }

    internal override TensorProto ToInlineProto(string name)
    {
        var proto = ToHeader(name);
        if (ByteCount <= ModelMessage.Limit)
            proto.RawData = UnsafeByteOperations.UnsafeWrap(_file.Memory(_offset, (int)ByteCount));
        return proto;
    }

    internal override TensorProto ToHeader(string name)
    {
        var header = ToProto(name);
        header.DataLocation = TensorProto.Types.DataLocation.Default;
        header.ExternalData.Clear();
        return header;
    }
}
