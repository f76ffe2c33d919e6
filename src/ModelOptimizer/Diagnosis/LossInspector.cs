using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Diagnosis;

/// <summary>Gathers what is known about losses and asks for their causes.</summary>
internal sealed class LossInspector(PairedRuns runs, IReadOnlyList<ValueMatch> matches, IReadOnlyList<PairSums> computed, IReadOnlyList<PairSums?> rounded)
{
    private readonly HashSet<Value> _compared =
        [.. matches.Where((_, i) => computed[i] is { IsIncomparable: false, Samples: > 0 }).Select(match => match.Original)];
    private readonly HashSet<Value> _known = [.. matches.Select(match => match.Computed)];
    private readonly HashSet<Value> _rounded = [.. matches.Select(match => match.Rounded).OfType<Value>()];
    private readonly WeightFinder _weights = new(runs);

    public IReadOnlyList<DiagnosedLoss> Inspect(IReadOnlyList<LossStep> losses)
    {
        var (numbers, hasCauses) = (Numbers(losses), losses.Any(IsMadeHere));
        return [.. losses.Select((loss, i) => Describe(loss, CauseFinder.Find(Evidence(loss, numbers[i]) with { HasCauses = hasCauses })))];
    }

    /// <summary>Whether the step quantizes anything.</summary>
    public bool IsMadeHere(LossStep loss) => loss.IsRounding || double.IsPositiveInfinity(loss.After) || RegionOf(loss).Form != NumberForm.Float;

    private DiagnosedLoss Describe(LossStep loss, Finding finding)
    {
        var match = matches[loss.Index];
        return new DiagnosedLoss(match.Original.Name, match.Node.ToString(), Diagnoser.Decibels(loss.Before), Diagnoser.Decibels(loss.After), finding.Cause, finding.Why, finding.Mend);
    }

    private LossEvidence Evidence(LossStep loss, Distribution? numbers)
    {
        var (match, sums) = (matches[loss.Index], loss.IsRounding ? rounded[loss.Index]! : computed[loss.Index]);
        var region = RegionOf(loss);
        var excludable = Excludable.For(match.Node, match.Original, _compared);
        return new LossEvidence
        {
            Node = match.Node,
            Excludable = excludable,
            Form = loss.IsRounding ? NumberForm.Static : region.Form,
            IsRounding = loss.IsRounding,
            IsNotFinite = sums.IsNotFinite,
            IsOtherInfinity = sums.IsOtherInfinity,
            Noise = sums.Noise,
            Numbers = numbers,
            Quantizer = numbers is null ? null : QuantizerOf(loss),
            Weight = loss.IsRounding ? null : _weights.Find(excludable is [var maker] ? maker : match.Node, region),
            Saturating = !loss.IsRounding && SaturationBound.AppliesHere ? WeightFinder.SaturatingShare(region) : 0,
        };
    }

    private Region RegionOf(LossStep loss) => Region.Behind(matches[loss.Index].Computed, _known, _rounded);

    /// <summary>Runs the original once more and looks at the numbers that were quantized at each loss.</summary>
    private Distribution?[] Numbers(IReadOnlyList<LossStep> losses)
    {
        var looks = losses.Select((loss, i) => (Index: i, Value: Quantized(loss))).Where(look => look.Value is not null).ToList();
        var numbers = losses.Select(loss => (Distribution?)null).ToArray();
        foreach (var look in looks)
            numbers[look.Index] = new Distribution(QuantizerOf(losses[look.Index]), Masks.VanishBehind(look.Value!));
        // The candidate's side is not needed here; any value of it will do.
        runs.Run([.. looks.Select(look => matches[losses[look.Index].Index] with { Original = look.Value!, Rounded = null })], (i, value, _, _) =>
        {
            if (value is not null)
                numbers[looks[i].Index]!.Add(value);
        });
        return numbers;
    }

    /// <summary>The original's value whose numbers became codes there: the result itself, or the activation that a dynamic product quantizes.</summary>
    private Value? Quantized(LossStep loss)
    {
        var match = matches[loss.Index];
        if (IsRounded(loss))
            return match.Original;
        return RegionOf(loss).Form == NumberForm.Dynamic && match.Node.Input(0) is { Constant: null } activation ? activation : null;
    }

    private Quantizer? QuantizerOf(LossStep loss) => IsRounded(loss) ? matches[loss.Index].Quantizer : null;

    /// <summary>Whether what came out was quantized with a known range: for its readers, in its node, or instead of a Relu.</summary>
    private bool IsRounded(LossStep loss) => loss.IsRounding || matches[loss.Index] is { Codes: not null } or { Rounded: null, Quantizer: not null };
}
