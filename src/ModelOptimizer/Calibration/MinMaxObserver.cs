using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Calibration;

/// <summary>The smallest and the largest number seen.</summary>
public sealed class MinMaxObserver : IObserver<MinMaxObserver>
{
    private float _low = float.PositiveInfinity;
    private float _high = float.NegativeInfinity;

    /// <summary>Null as long as nothing was seen.</summary>
    public ValueRange? Range => _low <= _high ? new ValueRange(_low, _high) : null;

    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ReadOnlySpan<float> elements = value.ElementType == DataType.Float ? value.AsSpan<float>() : value.ToFloats();
        if (elements.IsEmpty)
            return;
        _low = MathF.Min(_low, TensorPrimitives.Min(elements));
        _high = MathF.Max(_high, TensorPrimitives.Max(elements));
    }

    public void Merge(MinMaxObserver later)
    {
        ArgumentNullException.ThrowIfNull(later);
        _low = MathF.Min(_low, later._low);
        _high = MathF.Max(_high, later._high);
    }
}
