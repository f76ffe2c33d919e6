using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// A constant in 16 bits. Where its numbers are too large or too small for float16, powers of two bring them into range: one, or where that cannot
/// hold its channels together, one for each of them. Multiplying by them again is exact, and the runtime does it once, when it loads the model.
/// </summary>
/// <param name="Rounded">The constant divided by the factors.</param>
/// <param name="Factor">
/// Powers of two that broadcast against the constant: of shape [], or with all axes but one of length 1. Null where there is nothing to divide by.
/// </param>
internal sealed record ScaledHalf(HalfPrecision Rounded, Tensor? Factor)
{
    /// <summary>Share of a tensor's values that may round to zero.</summary>
    private const double TolerableLoss = 0.01;

    /// <summary>Signal-to-noise ratio that rounding of normal numbers leaves at least, in dB.</summary>
    private const double NormalSqnr = 70;

    /// <summary>How many numbers became zero, those apart that were as good as zero before.</summary>
    public long Lost => Rounded.Lost;

    /// <summary>Of what is stored.</summary>
    public long ByteCount => Rounded.Content.ByteCount + (Factor?.ByteCount ?? 0);

    /// <summary>Whether it stands for the constant: all numbers are in range, and few become zero.</summary>
    public bool Holds => !Rounded.HasNonFinite && Rounded.Overflows == 0 && !LosesNumbers;

    /// <summary>Whether too many numbers would become zero.</summary>
    public bool LosesNumbers => Lost > TolerableLoss * Rounded.Content.ElementCount;

    public static ScaledHalf Of(Tensor constant, DataType type)
    {
        var plain = new ScaledHalf(HalfPrecision.Convert(constant, type), null);
        // What is made float32 of again, where it is weighed, lies in one array.
        if (type != DataType.Float16 || plain.Rounded.HasNonFinite || constant.ByteCount > Array.MaxLength)
            return plain;
        var rounding = HalfRounding.Of(constant.AsSpan<float>());
        var one = plain.Rounded.Overflows == 0 && !(rounding.Sqnr < NormalSqnr) ? plain : Scaled(constant, HalfFactors.One(constant)) ?? plain;
        return one.LosesNumbers ? OfChannels(constant, one) : one;
    }

    /// <summary>The constant as it is computed with, in float32.</summary>
    public Tensor Restore() => Restore(Rounded.Content, Factor);

    /// <summary>How it is stored, in words.</summary>
    public string Form => Rounded.Content.ElementType.ToOnnxName() + FactorWords
        + (Rounded.Underflows == 0 ? "" : FormattableString.Invariant($", {Rounded.Underflows} values rounded to zero"));

    private string FactorWords => Factor switch
    {
        null => "",
        { ElementCount: 1 } => FormattableString.Invariant($" times {Factor.AsSpan<float>()[0]:g6}"),
        _ => FormattableString.Invariant($" times a power of two for each of {Factor.ElementCount} channels"),
    };

    /// <summary>What factors make of a stored constant again; null for any other value.</summary>
    public static Tensor? Restored(Value value) => value.Producer is { } product && product.Is("Mul")
        && product.Input(1)?.Constant is { ElementType: DataType.Float } factor
        && product.Input(0)?.Producer is { } cast && cast.Is("Cast") && cast.Input(0)?.Constant is { ElementType: DataType.Float16 } stored
            ? Restore(stored, factor)
            : null;

    private static Tensor Restore(Tensor stored, Tensor? factor)
    {
        var numbers = stored.ToFloats();
        if (factor is not null)
            new HalfFactors(stored, factor).Multiply(0, numbers);
        return Tensor.Create(stored.Dimensions.AsSpan(), numbers);
    }

    /// <summary>The axis along which least is lost; training decays whole channels to nothing, inputs as well as outputs.</summary>
    private static ScaledHalf OfChannels(Tensor constant, ScaledHalf one) =>
        Enumerable.Range(0, Math.Min(2, constant.Dimensions.Length)).Select(axis => Scaled(constant, HalfFactors.Along(constant, axis)))
            .OfType<ScaledHalf>().Prepend(one).MinBy(scaled => scaled.Lost)!;

    /// <returns>Null where there are no factors, or they do not bring all numbers into range.</returns>
    private static ScaledHalf? Scaled(Tensor constant, HalfFactors? factors) =>
        factors is not null && HalfPrecision.Convert(constant, DataType.Float16, factors) is { Overflows: 0 } rounded
            ? new(rounded, factors.Stored)
            : null;
}
