using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Decides where the bytes of a tensor go when a model is written, and counts those that go into the message.</summary>
internal abstract class TensorPlacement
{
    /// <summary>Bytes of all tensors put into the message, counted in 64 bits because a message's own count wraps at 2 GiB.</summary>
    public long InlineBytes { get; private set; }

    /// <summary>The tensor's message under the given name.</summary>
    public TensorProto Place(Tensor tensor, string name)
    {
        var proto = PlaceCore(tensor, name);
        if (proto.DataLocation != TensorProto.Types.DataLocation.External)
            InlineBytes += tensor.ByteCount;
        return proto;
    }

    protected abstract TensorProto PlaceCore(Tensor tensor, string name);
}

/// <summary>Tensors stay where they are; external ones keep their reference.</summary>
internal sealed class SamePlace : TensorPlacement
{
    protected override TensorProto PlaceCore(Tensor tensor, string name) => tensor.ToProto(name);
}

/// <summary>All tensors go into the message.</summary>
internal sealed class InlinePlace : TensorPlacement
{
    protected override TensorProto PlaceCore(Tensor tensor, string name) => tensor.ToInlineProto(name);
}
