using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>What is known about the elements of small integer tensors; booleans count as 0 and 1.</summary>
internal sealed class ElementMap
{
    /// <summary>Shapes, axes and indices are shorter; anything longer is data.</summary>
    public const int Longest = 64;

    private readonly Dictionary<Value, ImmutableArray<Dimension>> _elements = [];

    /// <summary>One entry per element: a number, a canonical expression or unknown. Null when nothing at all is known, not even how many.</summary>
    public ImmutableArray<Dimension>? this[Value value]
    {
        get
        {
            if (_elements.TryGetValue(value, out var elements))
                return elements;
            // A constant never changes: it is read once and stays, also over a new sweep.
            return value.Constant is { } constant && Read(constant) is { } numbers ? _elements[value] = numbers : null;
        }
    }

    public void Set(Value value, ImmutableArray<Dimension> elements) => _elements[value] = elements;

    public void Forget(Value value) => _elements.Remove(value);

    public void Clear() => _elements.Clear();

    /// <summary>True for a type and shape of which elements are kept.</summary>
    public static bool Keeps(TensorType type) =>
        type is { ElementType: DataType.Int64 or DataType.Int32 or DataType.Bool, Shape: { Rank: <= 1 } shape } && shape.ElementCount is <= Longest;

    private static ImmutableArray<Dimension>? Read(Tensor tensor) =>
        tensor.ElementCount <= Longest && Keeps(tensor.Type) ? [.. tensor.ToInt64s().Select(element => (Dimension)element)] : null;
}
