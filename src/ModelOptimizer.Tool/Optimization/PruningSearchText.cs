using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary>Shows how much a pruning pass took for its accuracy goal, and what was tried to find it.</summary>
internal sealed class PruningSearchText(CommandContext context, PruningSearchReport search)
{
    public void Write()
    {
        context.Streams.Out.WriteLine();
        context.Streams.Out.WriteLine($"{search.Pass} for {search.Metric}, {search.Goal}: "
            + (search.Reached ? $"{Value(search.Result)} with {search.Taken}" : $"out of reach; {Value(search.Result)} with nothing taken"));
        var table = Tables.Create("Tried", $">{search.Metric}", "");
        foreach (var trial in search.Trials)
            table.Row(trial.Amount, Value(trial.Value), trial.Holds ? "holds" : "");
        context.Draw(table);
    }

    private string Value(double value) => MetricFormat.Format(MetricCatalog.Find(search.Metric)!.Unit, value);
}
