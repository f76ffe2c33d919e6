using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting;

/// <summary>How a limit fared, as a traffic light tells it.</summary>
internal enum Light
{
    Kept,

    /// <summary>Kept with little room: the next change may break it.</summary>
    Close,

    /// <summary>Broken, and the profile wants a warning only.</summary>
    Warning,

    Broken,
}

/// <summary>The traffic light of one limit.</summary>
/// <param name="Room">The share of what the limit allows that is left: 1 where nothing is used up, negative where it is broken; null when
/// unknown.</param>
internal sealed record BudgetLight(BudgetReport Budget, MetricUnit Unit, bool IsFloor, Light Light, double? Room)
{
    /// <summary>Less room than this is close.</summary>
    public const double Little = 0.05;

    public string Word => Light switch
    {
        Light.Kept => "kept",
        Light.Close => "kept, but close",
        Light.Warning => "warning",
        _ => "broken",
    };

    public string Measured => Budget.Measured is { } value ? MetricFormat.Format(Unit, value) : "not measured";

    public string Allowed => Budget.Allowed is { } value ? $"{(IsFloor ? "≥" : "≤")} {MetricFormat.Format(Unit, value)}" : "";

    /// <summary>All limits of a report, in its order.</summary>
    public static IReadOnlyList<BudgetLight> All(OptimizationReport report) => [.. report.Budget.Select(budget =>
        Of(budget, report.Metrics.FirstOrDefault(metric => metric.Metric == budget.Metric)?.Original))];

    /// <param name="original">The original's own value of the metric, where it has one.</param>
    public static BudgetLight Of(BudgetReport budget, double? original)
    {
        var declaration = MetricCatalog.Find(budget.Metric);
        var (unit, isFloor) = (declaration?.Unit ?? MetricUnit.Number, budget.IsFloor ?? declaration?.HigherIsBetter ?? false);
        var room = budget is { Measured: { } measured, Allowed: { } allowed } ? RoomOf(measured, allowed, original, isFloor, unit) : null;
        var light = !budget.Passed ? budget.Severity == "error" ? Light.Broken : Light.Warning : room < Little ? Light.Close : Light.Kept;
        return new(budget, unit, isFloor, light, room);
    }

    /// <summary>Rates live just below one, where a share of the number itself would call everything close: what may get lost is what
    /// counts.</summary>
    private static double? RoomOf(double measured, double allowed, double? original, bool isFloor, MetricUnit unit)
    {
        var left = isFloor ? measured - allowed : allowed - measured;
        var whole = original is { } own && (isFloor ? own > allowed : own < allowed) ? Math.Abs(own - allowed)
            : isFloor && unit == MetricUnit.Rate ? 1 - allowed
            : Math.Abs(allowed);
        var room = left / whole;
        return double.IsPositiveInfinity(room) ? 1 : double.IsFinite(room) ? room : null;
    }
}
