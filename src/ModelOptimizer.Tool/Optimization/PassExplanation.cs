using ModelOptimizer.Reporting;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Lists what one pass did: every change, every candidate it left alone, every weight.</summary>
internal sealed class PassExplanation(CommandContext context, OptimizationReport report, string pass)
{
    public void Write()
    {
        context.Streams.Out.WriteLine();
        if (report.Passes.All(run => run.Pass != pass))
        {
            context.Streams.Out.WriteLine($"{pass} did not run: the profile does not name it.");
            return;
        }
        foreach (var rewrite in report.Rewrites.Where(rewrite => rewrite.Pass == pass))
            List($"{Count(rewrite.Where.Count)} × {rewrite.What}", rewrite.Where);
        foreach (var refusals in report.Refusals.Where(refusal => refusal.Pass == pass).GroupBy(refusal => refusal.Why, refusal => refusal.Where))
            List($"{Count(refusals.Count())} left alone: {refusals.Key}", refusals);
        Weights();
    }

    private void List(string title, IEnumerable<string> places)
    {
        context.Streams.Out.WriteLine(title);
        foreach (var place in places)
            context.Streams.Out.WriteLine($"  {place}");
    }

    private void Weights()
    {
        var weights = report.Weights.Where(weight => weight.Pass == pass).ToList();
        if (weights.Count == 0)
            return;
        var table = Tables.Create(">Before", ">After", "Type", "Weight", "Decision");
        foreach (var weight in weights)
            table.Row(Bytes(weight.BytesBefore), Bytes(weight.BytesAfter), weight.Type, weight.Weight, weight.Form ?? $"left alone: {weight.Refusal}");
        context.Draw(table);
    }
}
