using ModelOptimizer.Onnx;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Testing;

/// <summary>A tensor that counts how often it is looked into.</summary>
public sealed class CountedTensor(Tensor content) : Tensor(content.ElementType, content.Dimensions)
{
    private int _looks;

    public int Looks => _looks;

    public override ReadOnlySpan<T> AsSpan<T>()
    {
        Interlocked.Increment(ref _looks);
        return content.AsSpan<T>();
    }

    internal override TensorProto ToProto(string name) => content.ToProto(name);

    internal override TensorProto ToHeader(string name) => content.ToHeader(name);
}
