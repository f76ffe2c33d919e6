using System.Xml.Linq;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What each step gave for what it took; and what searches tried on their way.</summary>
internal static class QualitySection
{
    public static Section? Of(OptimizationReport report)
    {
        XElement?[] parts =
        [
            .. Steps(report),
            .. (report.SizeBudgets ?? []).Select((sized, i) => Sized(sized, $"size-budget-{i}")),
            .. (report.MixedPrecision ?? []).SelectMany((mixed, i) => MixedPrecision.Of(mixed, $"mixed-{i}")),
            .. (report.PruningSearches ?? []).SelectMany(Pruning),
        ];
        return parts.All(part => part is null) ? null : Section.Of("quality", "Quality against size", parts);
    }

    private static IEnumerable<XElement?> Steps(OptimizationReport report)
    {
        var steps = StepPoints.Of(report);
        yield return steps.Chart();
        yield return steps.Table();
    }

    /// <summary>How the least error shrinks as the file may grow.</summary>
    private static XElement? Sized(SizeOutcome sized, string id)
    {
        PlotPoint[] curve = [.. sized.Curve.Where(point => point.Error > 0).OrderBy(point => point.Bytes)
            .Select(point => new PlotPoint(point.Bytes, Sqnr(point.Error), "", $"{Values.Bytes(point.Bytes)}: {Values.Decibels(Sqnr(point.Error))}",
                "weak"))];
        if (curve.Length == 0 || sized.Error <= 0)
            return null;
        var chosen = new PlotPoint(sized.Bytes, Sqnr(sized.Error), "chosen",
            $"Chosen: {Values.Bytes(sized.Bytes)}, {Values.Decibels(Sqnr(sized.Error))}", "strong");
        PlotPoint[] all = [.. curve, chosen];
        var plot = new Plot(id, $"{sized.Pass}: error against size",
            $"The least error for each size of the file; {chosen.Title}. The budget is {Values.Bytes(sized.Budget)}.",
            ByteAxis(all.Select(point => point.X).Append(sized.Budget)),
                Axis.Over("SQNR of the weights' errors", all.Select(point => point.Y), Values.Decibels));
        plot.LimitAcross(sized.Budget, $"budget {Values.Bytes(sized.Budget)}");
        plot.Line(curve);
        plot.Points(all);
        return E("div", E("h3", $"{sized.Pass}: error against size"), plot.Draw());
    }

    private static IEnumerable<XElement> Pruning(PruningSearchReport search)
    {
        yield return E("h3", $"{search.Pass} for {search.Metric}, {search.Goal}");
        yield return E("p", search.Reached ? $"{Values.Of(search.Metric, search.Result)} with {search.Taken} of the {search.Asked} asked for."
            : "Out of reach: nothing was taken.");
        yield return Tables.Of($"{search.Pass}: what was tried", ["Tried", $">{search.Metric}", "Goal"], search.Trials.Select(trial =>
            E("tr", Tables.Head(trial.Amount), Tables.Number(Values.Of(search.Metric, trial.Value)), Tables.Cell(trial.Holds ? "holds" : "missed"))));
    }

    public static Axis ByteAxis(IEnumerable<double> sizes)
    {
        var all = sizes.ToList();
        var unit = all.Max() switch { >= 1L << 30 => 1L << 30, >= 1L << 20 => 1L << 20, >= 1L << 10 => 1L << 10, _ => 1.0 };
        return Axis.FromZero("size", all, value => Values.Bytes((long)Math.Round(value)), unit);
    }

    public static Axis MetricAxis(string metric, IEnumerable<double> values)
    {
        var isRate = MetricCatalog.Find(metric)?.Unit == MetricUnit.Rate;
        return Axis.Over(metric, values, value => Values.Of(metric, value), isRate ? -1 : double.NegativeInfinity, isRate ? 1
            : double.PositiveInfinity);
    }

    private static double Sqnr(double noise) => -10 * Math.Log10(noise);
}
