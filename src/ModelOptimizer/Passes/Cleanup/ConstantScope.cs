using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The constants that a graph can read, by content: its own, then those of the graphs around it.</summary>
internal sealed class ConstantScope(ConstantScope? outer)
{
    private readonly Dictionary<Content, Value> _constants = [];
    private readonly ConstantScope? _outer = outer;

    /// <summary>An equal constant that was here before; else null, and <paramref name="constant"/> is from now on.</summary>
    public Value? FindOrAdd(Value constant)
    {
        var content = new Content(constant.Constant!);
        if (Find(content) is { } equal)
            return equal;
        _constants.Add(content, constant);
        return null;
    }

    private Value? Find(Content content) => _constants.GetValueOrDefault(content) ?? _outer?.Find(content);

    /// <summary>A tensor that is equal to another when type, shape and bytes are.</summary>
    private readonly struct Content(Tensor tensor) : IEquatable<Content>
    {
        private const int SampleBytes = 256;

        private readonly Tensor _tensor = tensor;

        public bool Equals(Content other) => ReferenceEquals(_tensor, other._tensor)
            || (_tensor.ElementType == other._tensor.ElementType && _tensor.Dimensions.SequenceEqual(other._tensor.Dimensions)
                && HasEqualElements(other._tensor));

        public override bool Equals(object? obj) => obj is Content other && Equals(other);

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
}
