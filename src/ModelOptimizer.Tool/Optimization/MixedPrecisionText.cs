using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary>Shows what a pass gave up for its accuracy goal: the candidates that do most harm, and the curve.</summary>
internal sealed class MixedPrecisionText(CommandContext context, MixedPrecisionReport mixed)
{
    /// <summary>Rows of the ranking below the last one that was reverted.</summary>
    private const int Neighbours = 3;

    private readonly MetricUnit _unit = MetricCatalog.Find(mixed.Metric)!.Unit;

    public void Write()
    {
        context.Streams.Out.WriteLine();
        context.Streams.Out.WriteLine($"{mixed.Pass} for {mixed.Metric}, {mixed.Goal}: {Outcome()}");
        if (mixed.Ranking.Count == 0)
            return;
        Ranking();
        Curve();
    }

    private string Outcome() => mixed switch
    {
        { Reached: false } => $"out of reach; {Value(mixed.Result)} with nothing quantized",
        { Reverted.Count: 0 } => $"{Value(mixed.Result)} with all {mixed.Candidates} candidates quantized",
        _ => $"{Value(mixed.Quantized)} with all {mixed.Candidates} candidates quantized, {Value(mixed.Result)} with {mixed.Reverted.Count} left as they are",
    };

    private void Ranking()
    {
        var table = Tables.Create(">", "Quantized alone", ">SQNR", "Left as it is");
        var shown = 1 + mixed.Ranking.ToList().FindLastIndex(candidate => candidate.Reverted) + Neighbours;
        foreach (var candidate in mixed.Ranking.Take(shown))
            table.Row(
                $"{candidate.Rank}", candidate.Candidate, MetricFormat.Format(MetricUnit.Decibel, candidate.Sqnr), candidate.Reverted ? "yes" : "");
        if (mixed.Ranking.Count > shown)
            table.Row("", $"… {mixed.Ranking.Count - shown} more in the report", "", "");
        context.Draw(table);
    }

    private void Curve()
    {
        var table = Tables.Create(">Left as they are", $">{mixed.Metric}", "");
        foreach (var point in mixed.Curve)
            table.Row($"{point.Reverted}", Value(point.Value), point.Holds ? "holds" : "");
        context.Draw(table);
    }

    private string Value(double value) => MetricFormat.Format(_unit, value);
}
