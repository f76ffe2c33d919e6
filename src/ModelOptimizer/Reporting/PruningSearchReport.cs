using ModelOptimizer.Budgets;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting;

/// <summary>How much a pruning pass took so that its accuracy goal holds.</summary>
/// <param name="Goal">The bound in words.</param>
/// <param name="Reached">False when the goal fails even with nothing taken.</param>
/// <param name="Original">The original's own value, where it has one.</param>
/// <param name="Asked">How much the profile asks for, in its words.</param>
/// <param name="Taken">How much was taken.</param>
/// <param name="Result">The metric with that.</param>
/// <param name="Samples">Runs that it was measured on each time.</param>
/// <param name="Trials">What was tried, in order.</param>
public sealed record PruningSearchReport(string Pass, string Metric, string Goal, bool Reached, double? Original, string Asked, string Taken, double Result,
    int Samples, IReadOnlyList<PruningTrialReport> Trials)
{
    internal static PruningSearchReport Of(string pass, AccuracyGoal goal, PruneOptions asked, PruneOptions? found, PruningSearch search)
    {
        var (result, metric) = (search.Result!, goal.Limit.Metric);
        var words = Bound.Of(goal.Limit, MetricCatalog.Find(metric)!.Unit, result.Original).Select(bound => bound.Wording);
        var taken = found is null || found == search.Nothing ? "nothing" : found.Amount;
        return new(pass, metric, string.Join(", ", words), found is not null, result.Original, asked.Amount, taken, result.Value,
            result.Samples, [.. search.Trials.Select(trial => new PruningTrialReport(trial.Amount, trial.Reading.Value, trial.Reading.Holds))]);
    }
}

/// <param name="Amount">How much was taken, as a profile says it.</param>
/// <param name="Value">The metric then.</param>
/// <param name="Holds">Whether the goal holds.</param>
public sealed record PruningTrialReport(string Amount, double Value, bool Holds);
