using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Says how a size budget was spent.</summary>
/// <param name="measure">What the errors are, in words.</param>
/// <param name="unseen">Weights whose codes were chosen without the inputs that their algorithm learns from.</param>
internal sealed class SizeReporter(IReadOnlyList<SizedWeight> weights, SizeEstimate estimate, string measure, IReadOnlySet<Value> unseen)
{
    private const int CurvePoints = 16;

    private readonly MultipleChoiceKnapsack _knapsack = estimate.Knapsack();

    /// <param name="taken">What was taken of the candidates.</param>
    public SizeOutcome Report(
        string pass, long budget, SizeCandidate taken, IReadOnlyList<SizeCandidate> candidates, int samples, bool isHeldOut)
    {
        var error = taken.Chosen.Select((choice, w) => weights[w].Choices[choice].Error).Sum();
        // The error that no choices of the size have less of, by estimate.
        var bound = _knapsack.Solve(budget - estimate.OtherBytes)?.Bound ?? error;
        var step = Step(budget);
        return new SizeOutcome(
            pass, budget, taken.Bytes, estimate.FixedBytes, measure, error, Allocation.GapOf(error, bound), Curve(), At(budget - step),
            At(budget + step) is { } larger && larger.Error < error ? larger : null,
            samples == 0 ? [] : [.. candidates.Select(one => new TriedChoices(one.Name, one.Bytes, one.Noise, samples, isHeldOut, one == taken))],
            [.. weights.Zip(taken.Chosen).Where(pair => pair.First.Choices.Count > 1)
                .Select(pair => Of(pair.First, pair.First.Choices[pair.Second], error))]);
    }

    private WeightOutcome Of(SizedWeight weight, SizedChoice choice, double error) =>
        new(weight.Name, (unseen.Contains(weight.Value) ? choice.OfUnseen : choice).Form, choice.Bits, weight.Choices[0].Bytes, choice.Bytes,
            error > 0 ? choice.Error / error : 0);

    /// <summary>1 MiB, and less for budgets below 8 MiB: the power of two that is an eighth of it or a little less.</summary>
    private static long Step(long budget) => (long)Math.Min(1 << 20, Math.Pow(2, Math.Max(0, Math.Floor(Math.Log2(budget / 8.0)))));

    private ErrorAtSize? At(long bytes) => _knapsack.Solve(bytes - estimate.OtherBytes) is { } other ? new ErrorAtSize(bytes, other.Error) : null;

    /// <summary>Where the error turns, thinned evenly.</summary>
    private List<ErrorAtSize> Curve()
    {
        var turns = _knapsack.Turns().Select(turn => new ErrorAtSize(turn.Bytes + estimate.OtherBytes, turn.Error)).ToList();
        return turns.Count <= CurvePoints
            ? turns
            : [.. Enumerable.Range(0, CurvePoints).Select(i => turns[i * (turns.Count - 1) / (CurvePoints - 1)])];
    }
}
