using ModelOptimizer.Diagnosis;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>Shows a diagnosis: what was compared, and each loss with its cause and the lines that would mend it.</summary>
internal sealed class DiagnosisText(CommandContext context, ModelDiagnosis diagnosis, double threshold)
{
    public void Write(bool showAll)
    {
        var matched = MatchCounts.Of(diagnosis);
        Line($"Compared {diagnosis.Compared.Count} of {diagnosis.Values} values{InBodies} on {Quantities.Count(diagnosis.Samples, "sample")}: "
            + $"{matched.ByName} by name, {matched.ByDerivedName} by a name derived from it, {matched.ByPosition} by position");
        if (diagnosis.Others > 0)
            Line($"{Quantities.Count(diagnosis.Others)} more bear an original's name and are another quantity: a factor or bias was moved past them");
        foreach (var (why, first, count) in diagnosis.Uncompared)
            Line($"{Quantities.Count(count, "value")} not compared, {(count > 1 ? "such as " : "")}'{first}': {why}");
        if (showAll)
            Values();
        if (!diagnosis.AreBig)
            Line($"\nNo node adds noise that alone would leave less than {Decibels(threshold)}{(diagnosis.Losses.Count > 0 ? "; the largest loss:" : "")}");
        foreach (var loss in diagnosis.Losses)
            Loss(loss);
    }

    private void Loss(DiagnosedLoss loss)
    {
        Line($"\n{loss.Node}: {Decibels(loss.SqnrBefore)} → {Decibels(loss.SqnrAfter)} at '{loss.Value}'");
        Line($"  {Passes.PassNames.ToKebabCase(loss.Cause.ToString()).Replace('-', ' ')}: {loss.Why}");
        foreach (var line in loss.Mend)
            Line($"    {line}");
    }

    private void Values()
    {
        var table = Tables.Create("Value", "Node", ">SQNR", ">As its readers see it");
        foreach (var value in diagnosis.Compared)
            table.Row(value.Value, value.Node, Decibels(value.Sqnr), value.SqnrRounded is { } rounded ? Decibels(rounded) : "");
        context.Draw(table);
    }

    private string InBodies => diagnosis.InBodies > 0 ? $", {Quantities.Count(diagnosis.InBodies)} of them in bodies," : "";

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Decibels(double value) => double.IsNegativeInfinity(value) ? "not finite" : MetricFormat.Format(MetricUnit.Decibel, value);
}
