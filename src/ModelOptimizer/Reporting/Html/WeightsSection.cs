using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What was decided on each weight, and why.</summary>
internal static class WeightsSection
{
    public static Section? Of(OptimizationReport report) => report.Weights.Count == 0 ? null : Section.Of("weights", "Weights",
        E("p", $"{Values.Count(Compressed(report))} compressed, {Values.Count(report.Weights.Count - Compressed(report))} left as they are."),
        Tables.Filtered("weights-table", "Weights", ["Weight", "Decision", ">Before", ">After", "Pass"],
            [.. report.Weights.Select(weight => (weight.Pass, Row(weight)))]));

    private static int Compressed(OptimizationReport report) => report.Weights.Count(weight => weight.Form is not null);

    private static XElement Row(WeightReport weight) => E("tr",
        Tables.Head(Code(weight.Weight), E("span", Class("note"), weight.Type)),
        Tables.Cell(weight.Form ?? $"as it is: {weight.Refusal}"),
        Tables.Number(Values.Bytes(weight.BytesBefore)),
        Tables.Number(weight.Form is null ? "" : Values.Bytes(weight.BytesAfter)),
        Tables.Cell(weight.Pass));
}
