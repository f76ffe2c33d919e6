using System.Runtime.InteropServices;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A sparse initializer, kept in its own form when written and made dense when read.</summary>
internal sealed class SparseTensor : Tensor
{
    private readonly SparseTensorProto _proto;
    private readonly Tensor _values;
    private readonly Tensor _indices;
    private byte[]? _dense;

    internal SparseTensor(SparseTensorProto proto, Tensor values, Tensor indices)
        : base(values.ElementType, [.. proto.Dims])
    {
        _proto = proto;
        _values = values;
        _indices = indices;
    }

    public override ReadOnlySpan<T> AsSpan<T>() => MemoryMarshal.Cast<byte, T>(_dense ??= Densify());

    internal override TensorProto ToProto(string name) => Dense().ToProto(name);

    internal override TensorProto ToHeader(string name) => Dense().ToHeader(name);

    internal SparseTensorProto ToSparseProto(string name)
    {
        var copy = _proto.Clone();
        copy.Values.Name = name;
        return copy;
    }

    private MemoryTensor Dense() => new(ElementType, Dimensions, _dense ??= Densify());

    private byte[] Densify()
    {
        var width = ElementType.BitWidth() / 8;
        var dense = new byte[ByteCount];
        var values = _values.Bytes;
        for (var i = 0; i < _values.ElementCount; i++)
            values.Slice(i * width, width).CopyTo(dense.AsSpan(checked((int)(LinearIndex(i) * width))));
        return dense;
    }

    /// <summary>Indices are either linear [NNZ] or coordinates [NNZ, rank].</summary>
    private long LinearIndex(int i)
    {
        var indices = _indices.AsSpan<long>();
        if (_indices.Dimensions.Length == 1)
            return indices[i];
        var rank = Dimensions.Length;
        var linear = 0L;
        for (var axis = 0; axis < rank; axis++)
            linear = linear * Dimensions[axis] + indices[i * rank + axis];
        return linear;
    }
}
