using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A tensor that is equal to another when type, shape and bytes are.</summary>
internal readonly struct TensorContent(Tensor tensor) : IEquatable<TensorContent>
{
    private const int SampleBytes = 256;

    private readonly Tensor _tensor = tensor;

    public bool Equals(TensorContent other) => ReferenceEquals(_tensor, other._tensor)
        || (_tensor.ElementType == other._tensor.ElementType && _tensor.Dimensions.SequenceEqual(other._tensor.Dimensions)
            && HasEqualElements(other._tensor));

    public override bool Equals(object? obj) => obj is TensorContent other && Equals(other);

    /// <summary>Of a few samples only: big weights are mapped, and reading all of each to find no equal would be the whole cost.</summary>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(_tensor.ElementType);
        foreach (var dimension in _tensor.Dimensions)
            hash.Add(dimension);
        if (_tensor.ElementType == DataType.String)
            return hash.ToHashCode();
        var bytes = _tensor.Bytes;
        hash.AddBytes(bytes[..Math.Min(bytes.Length, SampleBytes)]);
        hash.AddBytes(bytes[(bytes.Length / 2)..][..Math.Min(bytes.Length - bytes.Length / 2, SampleBytes)]);
        hash.AddBytes(bytes[^Math.Min(bytes.Length, SampleBytes)..]);
        return hash.ToHashCode();
    }

    private bool HasEqualElements(Tensor other) => _tensor.ElementType == DataType.String
        ? _tensor.Strings.Zip(other.Strings).All(pair => pair.First.Span.SequenceEqual(pair.Second.Span))
        : _tensor.Bytes.SequenceEqual(other.Bytes);
}
