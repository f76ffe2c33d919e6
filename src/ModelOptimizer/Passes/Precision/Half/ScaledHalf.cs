using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// A constant in 16 bits. Where its numbers are too large or too small for float16, powers of two bring them into range: one, or where that cannot
/// hold its channels together, one for each of them. Multiplying by them again is exact, and the runtime does it once, when it loads the model.
/// </summary>
/// <param name="Rounded">The constant divided by the factors.</param>
/// <param name="Lost">How many numbers became zero, those apart that were as good as zero before.</param>
/// <param name="Factor">
/// Powers of two that broadcast against the constant: of shape [], or with all axes but one of length 1. Null where there is nothing to divide by.
/// </param>
internal sealed record ScaledHalf(HalfPrecision Rounded, long Lost, Tensor? Factor)
{
    /// <summary>Share of a tensor's values that may round to zero.</summary>
    private const double TolerableLoss = 0.01;

    /// <summary>Signal-to-noise ratio that rounding of normal numbers leaves at least, in dB.</summary>
    private const double NormalSqnr = 70;

    /// <summary>
    /// Weights below it have decayed in training: 1e-20, times any activation that float32 still tells from others, adds nothing to a sum.
    /// </summary>
    private static readonly float s_nothing = MathF.ScaleB(1, -64);

    /// <summary>The exponent below which the largest number is brought: float16 ends at 2^16, and rounding may carry.</summary>
    private const int Top = 15;

    /// <summary>Of what is stored.</summary>
    public long ByteCount => Rounded.Content.ByteCount + (Factor?.ByteCount ?? 0);

    /// <summary>Whether it stands for the constant: all numbers are in range, and few become zero.</summary>
    public bool Holds => !Rounded.HasNonFinite && Rounded.Overflows == 0 && !LosesNumbers;

    /// <summary>Whether too many numbers would become zero.</summary>
    public bool LosesNumbers => Lost > TolerableLoss * Rounded.Content.ElementCount;

    public static ScaledHalf Of(Tensor constant, DataType type)
    {
        var plain = Create(constant, HalfPrecision.Convert(constant, type), null);
        // Factors are tried in float32, of which an array holds no more.
        if (type != DataType.Float16 || plain.Rounded.HasNonFinite || constant.ByteCount > Array.MaxLength)
            return plain;
        var rounding = HalfRounding.Of(constant.AsSpan<float>());
        var one = plain.Rounded.Overflows == 0 && !(rounding.Sqnr < NormalSqnr) ? plain : Scaled(constant, ChannelFactors.One(constant)) ?? plain;
        return one.LosesNumbers ? OfChannels(constant, one) : one;
    }

    /// <summary>The constant as it is computed with, in float32.</summary>
    public Tensor Restore() => Factor is null
        ? Tensor.Create(Rounded.Content.Dimensions.AsSpan(), Rounded.Content.ToFloats())
        : ChannelFactors.Multiply(Rounded.Content, Factor);

    /// <summary>How it is stored, in words.</summary>
    public string Form => Rounded.Content.ElementType.ToOnnxName() + FactorWords
        + (Rounded.Underflows == 0 ? "" : FormattableString.Invariant($", {Rounded.Underflows} values rounded to zero"));

    private string FactorWords => Factor switch
    {
        null => "",
        { ElementCount: 1 } => FormattableString.Invariant($" times {Factor.AsSpan<float>()[0]:g6}"),
        _ => FormattableString.Invariant($" times a power of two for each of {Factor.ElementCount} channels"),
    };

    private static ScaledHalf Create(Tensor constant, HalfPrecision rounded, Tensor? factor)
    {
        if (rounded.Underflows == 0)
            return new ScaledHalf(rounded, 0, factor);
        var numbers = constant.AsSpan<float>();
        var (halves, lost) = (rounded.Content.ToFloats(), 0L);
        for (var i = 0; i < numbers.Length; i++)
            if (halves[i] == 0 && MathF.Abs(numbers[i]) >= s_nothing)
                lost++;
        return new ScaledHalf(rounded, lost, factor);
    }

    /// <summary>What factors make of a stored constant again; null for any other value.</summary>
    public static Tensor? Restored(Value value) => value.Producer is { } product && product.Is("Mul")
        && product.Input(1)?.Constant is { ElementType: DataType.Float } factor
        && product.Input(0)?.Producer is { } cast && cast.Is("Cast") && cast.Input(0)?.Constant is { ElementType: DataType.Float16 } stored
            ? ChannelFactors.Multiply(stored, factor)
            : null;

    /// <summary>The axis along which least is lost; training decays whole channels to nothing, inputs as well as outputs.</summary>
    private static ScaledHalf OfChannels(Tensor constant, ScaledHalf one) =>
        Enumerable.Range(0, Math.Min(2, constant.Dimensions.Length)).Select(axis => Scaled(constant, ChannelFactors.Along(constant, axis)))
            .OfType<ScaledHalf>().Prepend(one).MinBy(scaled => scaled.Lost)!;

    /// <returns>Null where the factors do not bring all numbers into range, or one would not be normal in float32.</returns>
    private static ScaledHalf? Scaled(Tensor constant, Tensor? factor)
    {
        if (factor is null)
            return null;
        var rounded = HalfPrecision.Convert(ChannelFactors.Divide(constant, factor), DataType.Float16);
        // The lowest float32 is rounded to what float32 lacks.
        return rounded.Overflows == 0 && ChannelFactors.Multiply(rounded.Content, factor).ToFloats().All(float.IsFinite)
            ? Create(constant, rounded, factor)
            : null;
    }

    /// <summary>Powers of two for a constant or its channels.</summary>
    private static class ChannelFactors
    {
        public static Tensor? One(Tensor constant) =>
            Factor(Peaks(constant, inner: 1, channels: 1)[0]) is { } factor ? Tensor.Create([], factor) : null;

        public static Tensor? Along(Tensor constant, int axis)
        {
            var (inner, channels) = (Inner(constant, axis), (int)constant.Dimensions[axis]);
            var factors = Array.ConvertAll(Peaks(constant, inner, channels), Factor);
            long[] shape = [.. constant.Dimensions.Select((_, at) => at == axis ? channels : 1L)];
            return factors.Contains(null) ? null : Tensor.Create(shape, Array.ConvertAll(factors, factor => factor!.Value));
        }

        public static Tensor Divide(Tensor constant, Tensor factor) => Apply(constant, factor, (number, by) => number / by);

        public static Tensor Multiply(Tensor constant, Tensor factor) => Apply(constant, factor, (number, by) => number * by);

        private static Tensor Apply(Tensor constant, Tensor factor, Func<float, float, float> apply)
        {
            var factors = factor.AsSpan<float>().ToArray();
            var inner = factors.Length == 1 ? 1 : Inner(constant, factor.Dimensions.IndexOf(factors.Length));
            float[] results = [.. constant.ToFloats().Select((number, i) => apply(number, factors[i / inner % factors.Length]))];
            return Tensor.Create(constant.Dimensions.AsSpan(), results);
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
}
