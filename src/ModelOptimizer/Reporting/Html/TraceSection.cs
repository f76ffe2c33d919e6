using System.Xml.Linq;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Signal to noise along the graph: where it falls, precision is lost.</summary>
internal static class TraceSection
{
    /// <summary>In dB: what is above is as good as equal, and is drawn at the top.</summary>
    private const double Top = 80;

    private const double Bottom = -10;

    /// <summary>Values named, the worst first.</summary>
    private const int Most = 10;

    public static Section? Of(OptimizationReport report)
    {
        if (report.Trace is not { Compared: { Count: > 0 } values } trace)
            return null;
        IReadOnlyList<int> worst = [.. values.Index().Where(value => value.Item.Seen < Top).OrderBy(value => value.Item.Seen)
            .ThenBy(value => value.Index)
            .Take(Most).Select(value => value.Index)];
        return Section.Of("trace", "Noise along the graph",
            E("p", $"Signal to noise (SQNR) of {Values.Count(values.Count)} of the original's {Values.Count(trace.Values)} values in order of execution, "
                + $"on {trace.Samples} sample{(trace.Samples == 1 ? "" : "s")}. The lower, the more precision is lost on the way there."),
            Chart(values, worst),
            worst.Count == 0 ? E("p", $"No value is below {Values.Decibels(Top)}.") : Table(values, worst));
    }

    private static XElement Chart(IReadOnlyList<TracedValueReport> values, IReadOnlyList<int> worst)
    {
        var heights = values.Select(value => Math.Clamp(value.Seen, Bottom, Top)).ToList();
        var y = Axis.Over("SQNR", heights.Append(0).Append(60), Values.Decibels, Bottom, Top);
        var x = Axis.FromZero("values in order of execution", [1, values.Count - 1], value => Values.Count((long)Math.Round(value)));
        var plot = new Plot("trace-chart", "Noise along the graph", worst.Count == 0 ? "All values are as good as equal."
            : $"The worst value is {values[worst[0]].Value} of {values[worst[0]].Node} with {Values.Decibels(values[worst[0]].Seen)}.",
            x with { High = Math.Max(values.Count - 1, 1) }, y);
        plot.Line(heights.Select((height, i) => new PlotPoint(i, height, "", "")));
        plot.Columns(heights.Select((height, i) => new PlotPoint(i, height, "", Title(i, values[i]))));
        plot.Points(worst.Take(3).Select((index, rank) => new PlotPoint(index, heights[index], $"{rank + 1}", Title(index, values[index]), "worst")));
        return plot.Draw();
    }

    private static string Title(int index, TracedValueReport value) => $"{index}: {value.Value}\n{value.Node}\n{Decibels(value)}";

    private static string Decibels(TracedValueReport value) => value.SqnrRounded is { } rounded
        ? $"{Values.Decibels(value.Sqnr)} as computed, {Values.Decibels(rounded)} as rounded"
        : Values.Decibels(value.Sqnr);

    private static XElement Table(IReadOnlyList<TracedValueReport> values, IReadOnlyList<int> worst) => Tables.Of("The noisiest values",
        [">#", "Noisiest values", "Made by", ">SQNR computed", ">rounded", ">Place"], worst.Select((index, rank) => E("tr",
            Tables.Number($"{rank + 1}"),
            Tables.Head(Code(values[index].Value)),
            Tables.Cell(Code(values[index].Node)),
            Tables.Number(Values.Decibels(values[index].Sqnr)),
            Tables.Number(values[index].SqnrRounded is { } rounded ? Values.Decibels(rounded) : ""),
            Tables.Number(Values.Count(index)))));
}
