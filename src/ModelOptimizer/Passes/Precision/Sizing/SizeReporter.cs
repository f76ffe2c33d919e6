using ModelOptimizer.Quantization;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Says how a size budget was spent.</summary>
/// <param name="measure">What the errors are, in words.</param>
internal sealed class SizeReporter(IReadOnlyList<SizedWeight> weights, SizeEstimate estimate, string measure)
{
    private const int CurvePoints = 16;

    private readonly MultipleChoiceKnapsack _knapsack = estimate.Knapsack();

    /// <param name="answer">The allocation that the knapsack gave.</param>
    /// <param name="taken">What was taken of the candidates.</param>
    public SizeBudgetReport Report(
        string pass, long budget, Allocation answer, SizeCandidate taken, IReadOnlyList<SizeCandidate> candidates, int samples)
    {
        var error = taken.Chosen.Select((choice, w) => weights[w].Choices[choice].Error).Sum();
        var step = Step(budget);
        return new SizeBudgetReport(
            pass, budget, taken.Bytes, estimate.OtherBytes, measure, error, answer.Gap, Curve(), At(budget - step), At(budget + step),
            samples == 0 ? [] : [.. candidates.Select(one => new TriedAllocation(one.Name, one.Bytes, one.Noise, samples, one == taken))],
            [.. weights.Zip(taken.Chosen).Where(pair => pair.First.Choices.Count > 1)
                .Select(pair => Of(pair.First, pair.First.Choices[pair.Second], error))]);
    }

    private static SizedWeightReport Of(SizedWeight weight, SizedChoice choice, double error) =>
        new(weight.Name, choice.Form, choice.Bits, weight.Choices[0].Bytes, choice.Bytes, error > 0 ? choice.Error / error : 0);

    /// <summary>1 MiB, and less for budgets below 8 MiB: the power of two that is an eighth of it or a little less.</summary>
    private static long Step(long budget) => (long)Math.Min(1 << 20, Math.Pow(2, Math.Max(0, Math.Floor(Math.Log2(budget / 8.0)))));

    private SizePoint? At(long bytes) => _knapsack.Solve(bytes - estimate.OtherBytes) is { } other ? new SizePoint(bytes, other.Error) : null;

    /// <summary>Where the error turns, thinned evenly.</summary>
    private List<SizePoint> Curve()
    {
        var turns = _knapsack.Turns().Select(turn => new SizePoint(turn.Bytes + estimate.OtherBytes, Math.Max(0, turn.Error))).ToList();
        return turns.Count <= CurvePoints
            ? turns
            : [.. Enumerable.Range(0, CurvePoints).Select(i => turns[i * (turns.Count - 1) / (CurvePoints - 1)])];
    }
}
