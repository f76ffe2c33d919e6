using ModelOptimizer.Onnx;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Testing;

/// <summary>A tensor of any size that nobody may read.</summary>
public static class UnreadTensor
{
    public static Tensor Create(DataType type, params ReadOnlySpan<long> dimensions) => new Unread(type, dimensions);

    private sealed class Unread(DataType type, ReadOnlySpan<long> dimensions) : Tensor(type, [.. dimensions])
    {
        public override ReadOnlySpan<T> AsSpan<T>() => throw new InvalidOperationException("It was read");

        internal override TensorProto ToProto(string name) => throw new NotSupportedException();

        internal override TensorProto ToHeader(string name) => throw new NotSupportedException();
    }
}
