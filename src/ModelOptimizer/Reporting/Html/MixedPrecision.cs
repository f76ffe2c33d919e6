using System.Xml.Linq;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What a pass gave up for its accuracy goal: the curve, and what it left as it is.</summary>
internal static class MixedPrecision
{
    public static IEnumerable<XElement?> Of(MixedPrecisionReport mixed, string id)
    {
        yield return E("h3", $"{mixed.Pass} for {mixed.Metric}, {mixed.Goal}");
        yield return E("p", Outcome(mixed));
        yield return Curve(mixed, id);
        if (mixed.Ranking.Count > 0)
            yield return E("details", E("summary", $"What does most harm, of {mixed.Ranking.Count} candidates"),
                Tables.Of("Candidates, the most harmful first", [">Rank", "Quantized alone", ">SQNR", "Left as it is"],
                    mixed.Ranking.Select(candidate => E("tr",
                    Tables.Number($"{candidate.Rank}"), Tables.Head(Code(candidate.Candidate)), Tables.Number(Values.Decibels(candidate.Sqnr)),
                    Tables.Cell(candidate.Reverted ? "yes" : "")))));
    }

    private static string Outcome(MixedPrecisionReport mixed) => !mixed.Reached
        ? $"Out of reach: {Value(mixed, mixed.Result)} with nothing quantized."
        : $"{Value(mixed, mixed.Quantized)} with all {mixed.Candidates} candidates quantized, "
            + $"{Value(mixed, mixed.Result)} with {mixed.Reverted.Count} left as they are.";

    private static XElement? Curve(MixedPrecisionReport mixed, string id)
    {
        PlotPoint[] points = [.. mixed.Curve.Where(point => double.IsFinite(point.Value)).OrderBy(point => point.Reverted)
            .Select(point => new PlotPoint(point.Reverted, point.Value, "",
            $"{point.Reverted} left as they are: {Value(mixed, point.Value)}, the goal {(point.Holds ? "holds" : "is missed")}", point.Holds
                ? "strong" : "weak"))];
        if (points.Length < 2)
            return null;
        var plot = new Plot(id, $"{mixed.Metric} against what stays as it is", $"{Outcome(mixed)} Full points hold the goal.",
            Axis.FromZero("candidates left as they are", points.Select(point => point.X), value => Values.Count((long)value)),
            QualitySection.MetricAxis(mixed.Metric, points.Select(point => point.Y)));
        plot.Line(points);
        plot.Points(points);
        return plot.Draw();
    }

    private static string Value(MixedPrecisionReport mixed, double value) => Values.Of(mixed.Metric, value);
}
