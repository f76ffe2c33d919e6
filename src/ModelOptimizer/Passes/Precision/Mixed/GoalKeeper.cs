using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>Sees to the accuracy goals of a profile's passes.</summary>
/// <param name="original">What goals are held against.</param>
/// <param name="evaluate">The data that they are measured on.</param>
internal sealed class GoalKeeper(OnnxModel original, EvaluateSettings? evaluate, IProgress<string>? progress, CancellationToken cancellation)
{
    private readonly List<MixedPrecisionReport> _reports = [];

    private readonly List<PruningSearchReport> _pruning = [];

    public IReadOnlyList<MixedPrecisionReport> Reports => _reports;

    public IReadOnlyList<PruningSearchReport> Pruning => _pruning;

    /// <summary>True when a goal is out of reach that forbids the result then.</summary>
    public bool IsAnyMissed { get; private set; }

    /// <summary>Finds how much the pass may take.</summary>
    /// <param name="options">With a goal.</param>
    /// <returns>The pass, kept away from what would break the goal.</returns>
    /// <exception cref="DiagnosticException">The goal can't be measured.</exception>
    public IGraphPass Restrict(PassContext context, PassSettings settings, QuantizationOptions options)
    {
        var goal = options.Accuracy!;
        using var gauge = new QualityGauge(context.Engine, original, evaluate, goal, cancellation);
        var trials = new Trials(context, settings.Name, options);
        var result = new MixedPrecision(gauge, trials, context.Model, step => progress?.Report($"{settings.Name}: {step}"), cancellation).Search();
        _reports.Add(MixedPrecisionReport.Of(settings.Name, goal, result, gauge.PartSamples));
        Report(settings.Name, goal, result, context.Diagnostics);
        var noise = result.Ranking.ToDictionary(ranked => ranked.Candidate);
        return trials.Final(result.Reverted, candidate => noise.TryGetValue(candidate, out var ranked)
            ? $"it stays as it is for {goal.Limit.Metric}: quantized alone, it leaves {MetricFormat.Format(MetricUnit.Decibel, ranked.Sqnr)} at the output"
            : $"it stays as it is, since the goal for {goal.Limit.Metric} is out of reach anyway");
    }

    /// <summary>Finds how much the pass may take.</summary>
    /// <param name="options">With a goal.</param>
    /// <returns>The pass with that.</returns>
    /// <exception cref="DiagnosticException">The goal can't be measured.</exception>
    public IGraphPass Restrict(PassContext context, PassSettings settings, PruneOptions options)
    {
        var goal = options.Accuracy!;
        using var gauge = new QualityGauge(context.Engine, original, evaluate, goal, cancellation);
        var search = new PruningSearch(context, settings.Name, options, gauge, step => progress?.Report($"{settings.Name}: {step}"), cancellation);
        var found = search.Run();
        _pruning.Add(PruningSearchReport.Of(settings.Name, goal, options, found, search));
        if (found is null)
            ReportMissed(settings.Name, goal, search.All!, search.Result!, context.Diagnostics);
        else if (!search.All!.Holds)
            context.Diagnostics.Report(
                new Diagnostic(DiagnosticCatalog.PrunedLess, Less(settings.Name, goal, options, found, search), goal.Location ?? goal.Limit.Location));
        return PassRegistry.Create(settings.Name, found ?? search.Nothing);
    }

    private static string Less(string pass, AccuracyGoal goal, PruneOptions asked, PruneOptions found, PruningSearch search)
    {
        var unit = MetricCatalog.Find(goal.Limit.Metric)!.Unit;
        var taken = found == search.Nothing ? "nothing" : $"'{found.Amount}'";
        return $"{pass} takes {taken} instead of '{asked.Amount}', with which {goal.Limit.Metric} is {MetricFormat.Format(unit, search.Result!.Value)} instead of "
            + $"{MetricFormat.Format(unit, search.All!.Value)}";
    }

    private void Report(string pass, AccuracyGoal goal, MixedPrecisionResult result, IDiagnosticSink diagnostics)
    {
        if (!result.IsReached)
            ReportMissed(pass, goal, result.Quantized, result.Result, diagnostics);
        else if (2 * result.Reverted.Count > result.Candidates.Count)
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.MostlyReverted, Mostly(pass, goal, result), goal.Location ?? goal.Limit.Location));
    }

    private void ReportMissed(string pass, AccuracyGoal goal, GaugeReading all, GaugeReading none, IDiagnosticSink diagnostics)
    {
        IsAnyMissed |= goal.Limit.Severity == Severity.Error;
        diagnostics.Report(new Diagnostic(DiagnosticCatalog.AccuracyGoalMissed, Missed(pass, goal, all, none), goal.Location ?? goal.Limit.Location)
        {
            Severity = goal.Limit.Severity,
        });
    }

    private static string Missed(string pass, AccuracyGoal goal, GaugeReading all, GaugeReading none)
    {
        var unit = MetricCatalog.Find(goal.Limit.Metric)!.Unit;
        var broken = Bound.Of(goal.Limit, unit, none.Original).First(bound => !bound.Holds(none.Value));
        var advice = none.Original is { } own && !broken.Holds(own)
            ? $"The original itself has {MetricFormat.Format(unit, own)}: give a goal relative to it ('{(broken.IsFloor ? "max-drop" : "max-rise")}:'), or a better model"
            : $"What is lost is lost before {pass}: look at the passes above it, or loosen the goal";
        return $"{goal.Limit.Metric} is {MetricFormat.Format(unit, none.Value)} even with nothing taken by {pass} "
            + $"({MetricFormat.Format(unit, all.Value)} with everything), but {broken.Wording} is allowed. {advice}";
    }

    private static string Mostly(string pass, AccuracyGoal goal, MixedPrecisionResult result) =>
        $"{result.Reverted.Count} of {result.Candidates.Count} candidates of {pass} stay as they are for {goal.Limit.Metric}, so that it gains little. "
        + "Loosen the goal, or quantize more gently: more bits, per-channel or smaller blocks, another calibrator; 'dotnet model-opt diagnose' names causes";
}
