using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what <c>optimize --bisect</c> found.</summary>
internal sealed class BisectionText(CommandContext context, BisectionOutcome outcome)
{
    public void Write()
    {
        Line($"{Count(outcome.Rewrites, "rewrite")} by {string.Join(", ", outcome.Passes)}; "
            + $"outputs compared on {Count(outcome.Samples, "sample")} ({outcome.Source})");
        if (outcome.LeftOut.Count > 0)
            Line($"Left out, since outputs change on purpose: {string.Join(", ", outcome.LeftOut)}. With --tolerance RATIO they are searched, too");
        if (outcome.Culprit is { } culprit)
            Culprit(culprit);
        else
            Line($"No rewrite changes an output {Bound}; the largest change is {Number(Largest())}");
    }

    private string Bound => $"by more than {Number(outcome.Tolerance)} of its largest magnitude";

    private double Largest() => outcome.Outputs.Select(output => output.Change).DefaultIfEmpty(0).Max();

    private void Culprit(CulpritOutcome culprit)
    {
        Line("");
        Line($"Rewrite {Count(culprit.Number)} is the first that changes an output {Bound}:");
        Line($"  {(culprit.Group is null ? "" : $"{culprit.Group} → ")}{culprit.Pass}: {culprit.What} at {culprit.Where}");
        Line("");
        if (culprit.Refusal is not null)
            Line($"The runtime refuses the model after it: {culprit.Refusal}");
        else
            Outputs(culprit);
        Line("");
        foreach (var advice in culprit.Advice)
            Line(advice);
    }

    private void Outputs(CulpritOutcome culprit)
    {
        var table = Tables.Create("Output", ">Before", ">After", "");
        foreach (var output in culprit.Outputs)
            table.Row(output.Output, Number(output.Before), Number(output.After ?? double.NaN), output.Remark ?? "");
        context.Draw(table);
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "∞" : MetricFormat.Format(MetricUnit.Number, value);
}
