using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Refuses tensor messages whose type, shape and content contradict each other.</summary>
internal sealed class TensorCheck(string? modelPath)
{
    /// <summary>Checks everything but bytes that lie elsewhere.</summary>
    /// <exception cref="InvalidModelException">The tensor is malformed.</exception>
    public void Check(TensorProto proto)
    {
        var type = (DataType)proto.DataType;
        if (type == DataType.Undefined || !Enum.IsDefined(type))
            throw Invalid(proto, $"has element type {proto.DataType}, which is not known");
        var count = CountElements(proto, type);
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            CheckExternal(proto, type);
        else if (proto.RawData.IsEmpty)
            CheckTypedField(proto, type, count);
        else if (proto.RawData.Length != type.ByteCount(count))
            throw Invalid(proto, $"holds {proto.RawData.Length} bytes, but its shape {Describe(proto)} needs {type.ByteCount(count)}");
    }

    public void Check(SparseTensorProto proto)
    {
        if (proto.Values is not { } values || proto.Indices is not { } indices)
            throw Invalid(proto.Values ?? new TensorProto(), "is sparse but lacks its values or its indices");
        if (((DataType)values.DataType).BitWidth() < 8)
            throw Invalid(values, "is sparse with elements that have no address of their own, which is not supported");
        if (values.Dims.Count != 1 || (DataType)indices.DataType != DataType.Int64 || !FitsIndices(proto))
            throw IndicesDontFit(values);
        CountElements(new TensorProto { Name = values.Name, Dims = { proto.Dims } }, (DataType)values.DataType);
    }

    /// <summary>Indices are either linear or coordinates, a row per value.</summary>
    public void CheckIndices(SparseTensorProto proto, ReadOnlySpan<long> indices)
    {
        var linear = proto.Indices.Dims.Count == 1;
        var count = proto.Dims.Aggregate(1L, (product, d) => product * d);
        for (var i = 0; i < indices.Length; i++)
            if (indices[i] < 0 || indices[i] >= (linear ? count : proto.Dims[i % proto.Dims.Count]))
                throw IndicesDontFit(proto.Values);
    }

    private InvalidModelException IndicesDontFit(TensorProto values) =>
        Invalid(values, "is sparse, but its indices don't fit its values and shape");

    private static bool FitsIndices(SparseTensorProto proto)
    {
        var shape = proto.Indices.Dims;
        return shape.Count is 1 or 2 && shape[0] == proto.Values.Dims[0] && (shape.Count == 1 || shape[1] == proto.Dims.Count);
    }

    private long CountElements(TensorProto proto, DataType type)
    {
        if (proto.Dims.Any(d => d < 0))
            throw Invalid(proto, $"has a negative dimension: {Describe(proto)}");
        try
        {
            var count = proto.Dims.Aggregate(1L, (product, d) => checked(product * d));
            _ = type.ByteCount(count);
            return count;
        }
        catch (OverflowException)
        {
            throw Invalid(proto, $"has a shape too large for any memory: {Describe(proto)}");
        }
    }

    private void CheckExternal(TensorProto proto, DataType type)
    {
        if (type == DataType.String)
            throw Invalid(proto, "keeps strings in external data, which the format forbids");
    }

    private void CheckTypedField(TensorProto proto, DataType type, long count)
    {
        var (stored, needed) = (TypedFields.Count(proto), TypedFields.EntriesFor(type, count));
        if (stored != needed)
            throw Invalid(proto, $"holds {stored} values, but its shape {Describe(proto)} needs {needed}");
    }

    private static string Describe(TensorProto proto) => Shape.Of(proto.Dims).ToString();

    private InvalidModelException Invalid(TensorProto proto, string reason) =>
        new(ModelProblem.InvalidTensor, $"Tensor '{proto.Name}' {reason}. Export the model again", modelPath);
}
