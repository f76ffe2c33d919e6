using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Budgets;

/// <summary>One side of a limit, made absolute: the value allowed, and whether it is a floor or a ceiling.</summary>
/// <param name="Allowed">In the metric's unit; null when it is relative to an original that was not measured.</param>
/// <param name="Wording">How a message says it: "at least 97%".</param>
internal sealed record Bound(bool IsFloor, double? Allowed, string Wording)
{
    /// <summary>Room for the rounding of shares: 986/1000 may differ from 98.7% − 0.1% in the last bit.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>The bounds that a limit sets.</summary>
    public static IEnumerable<Bound> Of(BudgetLimit limit, MetricUnit unit, double? original)
    {
        if (limit.Min is { } min)
            yield return new Bound(IsFloor: true, min, $"at least {Text(min)}");
        if (limit.Max is { } max)
            yield return new Bound(IsFloor: false, max, $"at most {Text(max)}");
        if (limit.MaxDrop is { } drop)
            yield return unit == MetricUnit.Rate
                ? new Bound(IsFloor: true, original - drop, $"at most {MetricFormat.Points(drop)} below the original's {Original()}")
                : new Bound(IsFloor: true, original * (1 - drop), $"at most {Percent(drop)} below the original's {Original()}");
        if (limit.MaxRise is { } rise)
            yield return new Bound(IsFloor: false, original * (1 + rise), $"at most {Percent(rise)} above the original's {Original()}");

        string Text(double value) => MetricFormat.Format(unit, value);
        string Original() => original is { } value ? Text(value) : "(unknown) value";
        static string Percent(double ratio) => MetricFormat.Format(MetricUnit.Ratio, ratio);
    }

    /// <summary>NaN holds no bound.</summary>
    public bool Holds(double value) => Allowed is { } allowed
        && (IsFloor ? value >= allowed - Slack(allowed) : value <= allowed + Slack(allowed));

    private static double Slack(double allowed) => double.IsFinite(allowed) ? Tolerance * Math.Max(1, Math.Abs(allowed)) : 0;
}
