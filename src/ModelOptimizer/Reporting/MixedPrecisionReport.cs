using ModelOptimizer.Budgets;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting;

/// <summary>What one pass gave up so that its accuracy goal holds.</summary>
/// <param name="Goal">The bound in words.</param>
/// <param name="Reached">False when the goal fails even with nothing quantized.</param>
/// <param name="Original">The original's own value on all samples, where it has one.</param>
/// <param name="Quantized">The metric with everything quantized, on all samples.</param>
/// <param name="Result">The metric as the pass left the model, on all samples.</param>
/// <param name="Samples">Runs of all the data.</param>
/// <param name="PartSamples">Runs that candidates are tried on first.</param>
/// <param name="Candidates">Nodes and weights that the pass could have quantized; what it can only take together counts once.</param>
/// <param name="Reverted">Those that stay as they are.</param>
/// <param name="Ranking">All candidates, the most harmful first; empty when the goal held at once.</param>
/// <param name="Curve">The metric with the first candidates of the ranking left as they are.</param>
public sealed record MixedPrecisionReport(
    string Pass, string Metric, string Goal, bool Reached, double? Original, double Quantized, double Result, int Samples, int PartSamples,
    int Candidates, IReadOnlyList<string> Reverted, IReadOnlyList<CandidateReport> Ranking, IReadOnlyList<CurveReport> Curve)
{
    internal static MixedPrecisionReport Of(string pass, AccuracyGoal goal, MixedPrecisionResult result, int partSamples) => new(
        pass, goal.Limit.Metric, string.Join(", ", Bound.Of(goal.Limit, MetricCatalog.Find(goal.Limit.Metric)!.Unit, result.Quantized.Original).Select(bound => bound.Wording)),
        result.IsReached, result.Quantized.Original, result.Quantized.Value, result.Result.Value, result.Quantized.Samples, partSamples,
        result.Candidates.Count, [.. result.Reverted.Select(candidate => candidate.Name)],
        [.. result.Ranking.Select((ranked, i) => CandidateReport.Of(i + 1, ranked, result.Reverted.Contains(ranked.Candidate)))],
        [.. result.Curve.Select(point => new CurveReport(point.Reverted, point.Reading.Value, point.Reading.Holds, point.Reading.Samples))]);
}

/// <param name="Nodes">The nodes that compute with it.</param>
/// <param name="Sqnr">Signal to noise in dB at the output when only this is quantized; Infinity when nothing changes.</param>
/// <param name="Samples">Runs after which that was certain enough.</param>
public sealed record CandidateReport(int Rank, string Candidate, IReadOnlyList<string> Nodes, double Sqnr, int Samples, bool Reverted)
{
    internal static CandidateReport Of(int rank, RankedCandidate ranked, bool isReverted) =>
        new(rank, ranked.Candidate.Name, ranked.Candidate.Nodes, Math.Round(ranked.Sqnr, 2), ranked.Samples, isReverted);
}

/// <param name="Reverted">So many candidates stay as they are, from the head of the ranking.</param>
/// <param name="Value">The metric then, on <paramref name="Samples"/> runs.</param>
/// <param name="Holds">Whether the goal holds; on part of the runs, as far below what nothing quantized has there as it may be on all.</param>
public sealed record CurveReport(int Reverted, double Value, bool Holds, int Samples);
