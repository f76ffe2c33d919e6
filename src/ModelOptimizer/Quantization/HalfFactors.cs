using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>Powers of two that bring a constant's numbers into the range of float16: one for all, or one for each channel along an axis.</summary>
internal sealed class HalfFactors
{
    /// <summary>The exponent below which the largest number is brought: float16 ends at 2^16, and rounding may carry.</summary>
    private const int Top = 15;

    private readonly float[] _factors;

    /// <summary>Neighbours of one channel.</summary>
    private readonly int _inner;

    /// <param name="constant">What is divided by them.</param>
    /// <param name="stored">Of shape [], or with all axes but one of length 1.</param>
    public HalfFactors(Tensor constant, Tensor stored)
    {
        (Stored, _factors) = (stored, stored.AsSpan<float>().ToArray());
        _inner = _factors.Length == 1 ? 1 : Inner(constant, stored.Dimensions.IndexOf(_factors.Length));
    }

    /// <summary>As they are stored: they broadcast against the constant.</summary>
    public Tensor Stored { get; }

    /// <returns>Null where it would not be normal in float32.</returns>
    public static HalfFactors? One(Tensor constant) =>
        Factor(Peaks(constant, inner: 1, channels: 1)[0]) is { } factor ? new(constant, Tensor.Create([], factor)) : null;

    /// <returns>Null where one would not be normal in float32.</returns>
    public static HalfFactors? Along(Tensor constant, int axis)
    {
        var channels = (int)constant.Dimensions[axis];
        var factors = Array.ConvertAll(Peaks(constant, Inner(constant, axis), channels), Factor);
        long[] shape = [.. constant.Dimensions.Select((_, at) => at == axis ? channels : 1L)];
        return factors.Contains(null) ? null : new(constant, Tensor.Create(shape, Array.ConvertAll(factors, factor => factor!.Value)));
    }

    /// <summary>Divides neighbours of the constant.</summary>
    /// <param name="start">Where they begin in it.</param>
    public void Divide(int start, Span<float> numbers)
    {
        for (var i = 0; i < numbers.Length;)
            for (var (factor, end) = Run(start, i, numbers.Length); i < end; i++)
                numbers[i] /= factor;
    }

    /// <summary>Multiplies them again.</summary>
    /// <param name="start">Where they begin in the constant.</param>
    public void Multiply(int start, Span<float> numbers)
    {
        for (var i = 0; i < numbers.Length;)
            for (var (factor, end) = Run(start, i, numbers.Length); i < end; i++)
                numbers[i] *= factor;
    }

    /// <summary>The factor of a number, and before which number the next one follows.</summary>
    private (float Factor, int End) Run(int start, int i, int length)
    {
        if (_factors.Length == 1)
            return (_factors[0], length);
        var (channel, offset) = Math.DivRem(start + i, _inner);
        return (_factors[channel % _factors.Length], Math.Min(length, i + _inner - offset));
    }

    private static int Inner(Tensor constant, int axis) =>
        (int)constant.Dimensions.Skip(axis + 1).Aggregate(1L, (product, length) => product * length);

    private static float[] Peaks(Tensor constant, int inner, int channels)
    {
        var peaks = new float[channels];
        var numbers = constant.AsSpan<float>();
        for (var i = 0; i < numbers.Length; i++)
            peaks[i / inner % channels] = MathF.Max(peaks[i / inner % channels], MathF.Abs(numbers[i]));
        return peaks;
    }

    /// <returns>Null where it would not be normal. Numbers below what normal ones can be brought to get as large as they can.</returns>
    private static float? Factor(float peak)
    {
        if (peak == 0)
            return 1;
        var factor = MathF.ScaleB(1, Math.Max(MathF.ILogB(peak) + 1 - Top, -126));
        return float.IsNormal(factor) && float.IsNormal(1 / factor) ? factor : null;
    }
}
