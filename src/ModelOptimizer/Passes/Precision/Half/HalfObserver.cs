using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>What a value was on all samples, or what a constant is.</summary>
internal sealed class HalfObserver : Calibration.IObserver<HalfObserver>
{
    /// <summary>What float16 would make of it.</summary>
    public HalfRounding Rounding { get; } = new();

    /// <summary>The greatest length of each axis; empty until something was seen, and for scalars.</summary>
    public long[] Lengths { get; private set; } = [];

    /// <summary>False for what was never computed.</summary>
    public bool WasSeen { get; private set; }

    /// <summary>The largest finite magnitude.</summary>
    public double Peak => Rounding.Peak;

    /// <summary>How many elements the greatest tensor has at most.</summary>
    public double Count => Lengths.Aggregate(1.0, (product, length) => product * length);

    public static HalfObserver Of(Tensor constant)
    {
        var observer = new HalfObserver();
        observer.Observe(constant);
        return observer;
    }

    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementType != DataType.Float)
            return;
        Rounding.Add(value.AsSpan<float>());
        Lengthen(value.Dimensions.AsSpan());
        WasSeen = true;
    }

    public void Merge(HalfObserver later)
    {
        ArgumentNullException.ThrowIfNull(later);
        Rounding.Add(later.Rounding);
        Lengthen(later.Lengths);
        WasSeen |= later.WasSeen;
    }

    /// <summary>The length of an axis, which may count from the end; 1 for one that is not there.</summary>
    public double Length(long axis) => (axis < 0 ? axis + Lengths.Length : axis) is var index && index >= 0 && index < Lengths.Length ? Lengths[index] : 1;

    private void Lengthen(ReadOnlySpan<long> lengths)
    {
        if (lengths.Length > Lengths.Length)
            Lengths = [.. Lengths, .. lengths[Lengths.Length..]];
        for (var i = 0; i < lengths.Length; i++)
            Lengths[i] = Math.Max(Lengths[i], lengths[i]);
    }
}
