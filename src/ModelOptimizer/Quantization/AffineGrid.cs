using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// The integers that QuantizeLinear rounds real numbers to: x ≈ (code − zero point) · scale. All arithmetic is float32 with ties to even, as the
/// ONNX documentation has it.
/// </summary>
/// <param name="Type">int8, uint8, int16 or uint16.</param>
/// <param name="Low">The lowest code used.</param>
/// <param name="High">The highest code used.</param>
/// <param name="IsSymmetric">Whether the range is made symmetric around zero, so that the zero point is the middle.</param>
internal readonly record struct AffineGrid(DataType Type, int Low, int High, bool IsSymmetric)
{
    /// <summary>Scales below it would divide to infinity.</summary>
    private const float Tiny = 1.17549435e-38f;

    public bool IsSigned => Type is DataType.Int8 or DataType.Int16;

    public bool IsWide => Type is DataType.Int16 or DataType.UInt16;

    /// <summary>The grid of activations: all codes, but for the lowest of a symmetric signed type.</summary>
    public static AffineGrid ForActivations(DataType type, bool symmetric) => type switch
    {
        DataType.Int8 => new(type, symmetric ? -127 : -128, 127, symmetric),
        DataType.UInt8 => new(type, 0, 255, symmetric),
        DataType.Int16 => new(type, symmetric ? -32767 : -32768, 32767, symmetric),
        DataType.UInt16 => new(type, 0, 65535, symmetric),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The grid of weights of 8 bits, or of 7 where sums of two products have to fit into 16 bits.</summary>
    public static AffineGrid ForWeights(DataType type, bool symmetric, bool reduced) => (type, reduced) switch
    {
        (DataType.Int8, false) => ForActivations(type, symmetric),
        (DataType.Int8, true) => new(type, -64, 64, symmetric),
        (DataType.UInt8, false) => new(type, 0, 255, symmetric),
        (DataType.UInt8, true) => new(type, 0, 127, symmetric),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The finest scale that covers the range and zero. A range without a number worth a step gets the scale 1.</summary>
    /// <param name="range">Finite.</param>
    public AffineScale Fit(ValueRange range)
    {
        var (low, high) = (MathF.Min(range.Low, 0), MathF.Max(range.High, 0));
        if (IsSymmetric)
            (low, high) = (-MathF.Max(-low, high), MathF.Max(-low, high));
        // Halves of a range beyond float32's largest number still have a step.
        var scale = float.IsFinite(high - low) ? (high - low) / (High - Low) : high / (High - Low) - low / (High - Low);
        return scale < Tiny ? new(1, IsSymmetric ? Middle : ZeroPointOfNothing) { CoversNothing = true } : new(scale, IsSymmetric && IsSigned ? 0 : ZeroPoint(low, scale));
    }

    /// <summary>The code nearest to a number.</summary>
    public int Code(float x, AffineScale scale) => (int)Math.Clamp(MathF.Round(x / scale.Scale) + scale.ZeroPoint, Low, High);

    private int Middle => IsSigned ? 0 : (int)MathF.Round((High - Low) / 2f);

    private int ZeroPointOfNothing => IsSigned ? 0 : Low;

    private int ZeroPoint(float low, float scale) => (int)Math.Clamp(MathF.Round(Low - low / scale), Low, High);
}

/// <summary>x ≈ (code − <paramref name="ZeroPoint"/>) · <paramref name="Scale"/>.</summary>
internal readonly record struct AffineScale(float Scale, int ZeroPoint)
{
    /// <summary>True when only zeros were there to be covered, so that any scale would do.</summary>
    public bool CoversNothing { get; init; }

    public float Value(int code) => (code - ZeroPoint) * Scale;
}
