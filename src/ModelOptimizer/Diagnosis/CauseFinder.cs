using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Diagnosis;

/// <summary>What is known about one loss.</summary>
internal sealed record LossEvidence
{
    /// <summary>The original's node.</summary>
    public required Node Node { get; init; }

    /// <summary>
    /// The original's nodes that a pass can leave float against the loss, see <see cref="Diagnosis.Excludable"/>; null for the node itself.
    /// </summary>
    public IReadOnlyList<Node>? Excludable { get; init; }

    public required NumberForm Form { get; init; }

    /// <summary>Whether quantizing the result for its readers lost it, rather than computing it.</summary>
    public required bool IsRounding { get; init; }

    public bool IsNotFinite { get; init; }

    /// <summary>Whether losses are told that quantization itself made.</summary>
    public bool HasCauses { get; init; } = true;

    public bool IsOtherInfinity { get; init; }

    /// <summary>The squared error there.</summary>
    public double Noise { get; init; }

    /// <summary>The numbers that were quantized; null when none were.</summary>
    public Distribution? Numbers { get; init; }

    public Quantizer? Quantizer { get; init; }

    public WeightEvidence? Weight { get; init; }

    /// <summary>The share of the weight's pairs whose sums could overflow, on a CPU that overflows; else 0.</summary>
    public double Saturating { get; init; }
}

/// <summary>A cause in words, and the lines of a profile that would mend it.</summary>
internal sealed record Finding(LossCause Cause, string Why, IReadOnlyList<string> Mend);

/// <summary>Decides what a loss comes from: what is certain first, what is only likely last.</summary>
internal static class CauseFinder
{
    /// <summary>Error over size of a typical weight from which on its codes mean little.</summary>
    private const double Coarse = 0.25;

    /// <summary>The same, from which on a weight is worth more bits. Healthy 8-bit weights have 0.01.</summary>
    private const double Noticeable = 0.05;

    /// <summary>Times that something must exceed the rest to stand out.</summary>
    private const double Outstanding = 10;

    /// <summary>Largest over median size in one channel; 5 to 6 is usual for bell-shaped weights.</summary>
    private const double PeakOfWeights = 20;

    /// <summary>Largest number over root mean square; 4 to 6 is usual for bell-shaped numbers.</summary>
    private const double PeakOfNumbers = 20;

    public static Finding Find(LossEvidence loss)
    {
        if (loss.IsNotFinite)
            return new Finding(LossCause.Overflow, "numbers exceed the range of the candidate's type and become infinite or undefined", [Exclude(loss)]);
        if (loss.IsOtherInfinity)
            return new Finding(LossCause.Overflow, "where the original is infinite, the candidate is undefined, or infinite with the other sign", [Exclude(loss)]);
        if (!loss.IsRounding && loss.Form == NumberForm.Float)
            return new Finding(LossCause.Amplification, $"nothing is quantized in {loss.Node.OpType} itself: it makes noise of its inputs weigh more, as differences of large numbers do",
                [loss.HasCauses ? "look at the losses above it first" : "no node adds much by itself: a higher --threshold names those that add most"]);
        return (loss.IsRounding ? null : OfWeight(loss, Coarse)) ?? OfNumbers(loss) ?? (loss.IsRounding ? null : OfWeight(loss, Noticeable)) ?? Rest(loss);
    }

    private static Finding? OfWeight(LossEvidence loss, double threshold)
    {
        if (loss.Weight is not { } weight || weight.TypicalError < threshold)
            return null;
        var error = $"a typical weight of its worst channel is off by {Percent(weight.TypicalError)}";
        if (weight is { Scales: 1, Channels: > 1 } && weight.ChannelSpread >= Outstanding)
            return new Finding(LossCause.CoarseWeightScale, $"one scale serves all {weight.Channels} channels of weight '{weight.Name}', and channel {weight.LargestChannel} reaches "
                + $"{Times(weight.ChannelSpread)} as far as the median channel: {error}", [Line(loss, "per-channel: true")]);
        if (weight.Peak >= PeakOfWeights && loss.Form != NumberForm.Palette)
            return new Finding(LossCause.CoarseWeightScale, $"few weights of '{weight.Name}' are {Times(weight.Peak)} as large as the others that share their scale: {error}",
                loss.Form == NumberForm.Weights ? [Line(loss, "block-size: 32"), Exclude(loss)] : [Exclude(loss)]);
        return new Finding(LossCause.FewWeightBits, $"{(weight.Bits > 0 ? $"{weight.Bits} bits are" : "its form is")} too coarse for weight '{weight.Name}': {error}",
            loss.Form == NumberForm.Palette ? [.. weight.Bits < 8 ? [Line(loss, "bits: 8")] : (string[])[], Line(loss, "group-size: 16"), Exclude(loss)]
            : weight.Bits is 2 or 4 ? [Line(loss, "bits: 8"), Line(loss, "block-size: 16"), Exclude(loss)] : [Exclude(loss)]);
    }

    private static Finding? OfNumbers(LossEvidence loss)
    {
        if (loss.Numbers is not { Count: > 0 } numbers)
            return null;
        if (loss.Quantizer is not null && numbers.ClippingNoise >= loss.Noise / 2 && numbers.Clipped > 0)
            return new Finding(LossCause.ClippedRange, $"{Percent((double)numbers.Clipped / numbers.Count)} of the numbers lie outside of {Range(loss.Quantizer.Value)}: they reach from "
                + $"{Number(numbers.Low)} to {Number(numbers.High)}", [Line(loss, "calibrator: min-max"), "calibration: { data: … }  # with samples like these"]);
        if (numbers.IsMasked)
            return new Finding(LossCause.MaskConstant, $"a mask of {Number(numbers.Low)} stretches the range, so that all other numbers fall onto few codes",
                ["- clamp-constants: { value: -1000 }  # before the pass that quantizes", Exclude(loss)]);
        if (loss.Quantizer is { } range && range.High - range.Low >= 4 * (Math.Max(numbers.High, 0) - Math.Min(numbers.Low, 0)))
            return new Finding(LossCause.WideRange, $"{Range(range)} can be represented, but numbers only reach from {Number(numbers.Low)} to {Number(numbers.High)}: the range was found on other data",
                [Line(loss, "calibrator: percentile"), "calibration: { data: … }  # with samples like these"]);
        if (numbers.OutlierChannel is { } outlier && outlier.Ratio >= Outstanding)
            return new Finding(LossCause.OutlierChannel, $"channel {outlier.Channel} of axis {outlier.Axis} reaches {Times(outlier.Ratio)} as far as the median channel and stretches the range for all",
                Passes.PassRegistry.Find("smooth-quant") is not null ? ["- smooth-quant  # before the pass that quantizes", Exclude(loss)] : [Exclude(loss)]);
        return numbers.Largest < PeakOfNumbers * numbers.RootMeanSquare ? null : new Finding(LossCause.Outliers,
            $"few numbers stretch the range: the largest is {Times(numbers.Largest / numbers.RootMeanSquare)} the root mean square",
            loss.Form == NumberForm.Dynamic ? [Exclude(loss)] : [Line(loss, "calibrator: percentile"), Exclude(loss)]);
    }

    private static Finding Rest(LossEvidence loss) => loss.Saturating > 0
        ? new Finding(LossCause.SaturatingSum, $"this CPU adds two products in 16 bits, which {Percent(loss.Saturating)} of the weight's pairs could overflow",
            [loss.Form == NumberForm.Dynamic ? "- quantize-dynamic: { reduce-range: true }" : Line(loss, "target-isa: [avx2]")])
        : new Finding(LossCause.Resolution, "nothing stands out: the steps are too coarse for what this node computes", [Exclude(loss)]);

    private static string Exclude(LossEvidence loss)
    {
        IReadOnlyList<Node> nodes = loss.Excludable ?? [loss.Node];
        return nodes.Count == 0 ? "no node to exclude: elements are only moved here, from the model's input to its output"
            : nodes.All(node => node.Name.Length > 0)
                ? Line(loss, $"exclude: [{string.Join(", ", nodes.Select(node => YamlText.Quote(node.Name)))}]")
            : loss.Weight is { Name.Length: > 0 } weight ? Line(loss, $"exclude: [{YamlText.Quote(weight.Name)}]")
            : Line(loss, $"exclude-operators: [{string.Join(", ", nodes.Select(node => node.OpType).Distinct())}]");
    }

    private static string Line(LossEvidence loss, string option) => $"- {PassOf(loss.Form)}: {{ {option} }}";

    private static string PassOf(NumberForm form) => form switch
    {
        NumberForm.Dynamic => "quantize-dynamic",
        NumberForm.Weights => "quantize-weights",
        NumberForm.Palette => "palettize",
        NumberForm.Float16 => "convert-float16",
        _ => "quantize-static",
    };

    private static string Range(Quantizer range) => $"[{Number(range.Low)}, {Number(range.High)}]";

    private static string Percent(double share) => (100 * share).ToString(share < 0.01 ? "0.##" : "0", CultureInfo.InvariantCulture) + "%";

    private static string Times(double ratio) => (ratio < 1e6 ? ratio.ToString("0", CultureInfo.InvariantCulture) : ratio.ToString("0e+0", CultureInfo.InvariantCulture)) + " times";

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
