using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A tensor whose bytes lie in a file beside the model, mapped on first touch.</summary>
internal sealed class ExternalTensor : Tensor
{
    private readonly TensorProto _proto;
    private readonly ExternalFile _file;
    private readonly long _offset;

    internal ExternalTensor(TensorProto proto, ExternalFile file, long offset, long? length)
        : base((DataType)proto.DataType, [.. proto.Dims])
    {
        _proto = proto;
        _file = file;
        _offset = offset;
        if (length is { } declared && declared < ByteCount)
            throw new InvalidModelException(ModelProblem.ExternalDataTooShort,
                $"Tensor '{proto.Name}' needs {ByteCount} bytes but declares {declared}", file.Path);
    }

    public override bool IsExternal => true;

    public override ReadOnlySpan<T> AsSpan<T>() => _file.Slice<T>(_offset, ByteCount, _proto.Name);

    internal override TensorProto ToProto(string name)
    {
        var copy = _proto.Clone();
        copy.Name = name;
        return copy;
    }
}
