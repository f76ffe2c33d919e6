using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Budgets;

/// <summary>Holds measurements against the budget.</summary>
public static class BudgetChecker
{
    /// <summary>A verdict per limit, in the profile's order.</summary>
    public static IReadOnlyList<BudgetVerdict> Check(IReadOnlyList<BudgetLimit> limits, Measurements measurements)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(measurements);
        return [.. limits.Select(limit => Check(limit, measurements))];
    }

    /// <summary>Reports broken limits; false when one of them forbids the result.</summary>
    public static bool Judge(IEnumerable<BudgetVerdict> verdicts, IDiagnosticSink diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        var broken = verdicts.Select(verdict => verdict.Diagnostic).OfType<Diagnostic>().ToList();
        broken.ForEach(diagnostics.Report);
        return broken.TrueForAll(diagnostic => diagnostic.Severity != Severity.Error);
    }

    private static BudgetVerdict Check(BudgetLimit limit, Measurements measurements)
    {
        if (measurements.Find(limit.Metric) is not { } measured)
            return NotMeasured(limit, $"{limit.Metric} has a budget but was not measured: {UnmeasuredMetric.Reason(limit.Metric, measurements)}");
        var bounds = Bound.Of(limit, measured.Unit, measured.Original).ToArray();
        if (Array.Exists(bounds, bound => bound.Allowed is null))
            return NotMeasured(limit, $"{limit.Metric} of the original is unknown, so that a limit relative to it can't be checked");
        // Without a broken bound, the one to show is the first.
        var bound = Array.Find(bounds, bound => !bound.Holds(measured.Result)) ?? bounds.FirstOrDefault();
        var passed = bound?.Holds(measured.Result) ?? true;
        return new BudgetVerdict(limit, DescriptorOf(limit.Metric), passed ? Passed(measured, bound) : Broken(measured, bound!))
        {
            Passed = passed,
            Measured = measured.Result,
            Allowed = bound?.Allowed,
            IsFloor = bound?.IsFloor,
        };
    }

    private static BudgetVerdict NotMeasured(BudgetLimit limit, string message) => new(limit, DiagnosticCatalog.BudgetNotMeasured, message);

    private static string Passed(Measurement measured, Bound? bound) =>
        $"{measured.Metric} is {Value(measured)}" + (bound is null ? "" : $", {bound.Wording} was allowed");

    private static string Broken(Measurement measured, Bound bound)
    {
        var where = measured.Output is { } output ? $" at output '{output}'" : "";
        var spread = measured.Remark is { } remark ? $" ({remark})" : "";
        var hopeless = measured.Original is { } original && !bound.Holds(original)
            ? $"; the original itself has {MetricFormat.Format(measured.Unit, original)}" : "";
        return $"{measured.Metric} is {Value(measured)}{where}{spread}, but {bound.Wording} is allowed{hopeless}. {Advice.For(measured, bound)}";
    }

    private static string Value(Measurement measured) => MetricFormat.Format(measured.Unit, measured.Result);

    private static DiagnosticDescriptor DescriptorOf(string metric) => metric switch
    {
        "latency-ratio" => DiagnosticCatalog.LatencyBudget,
        _ when MetricCatalog.Find(metric) is { IsCost: true } => DiagnosticCatalog.SizeBudget,
        _ => DiagnosticCatalog.AccuracyBudget,
    };
}
