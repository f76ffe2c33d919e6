using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using Spectre.Console;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what one optimization did and kept.</summary>
internal sealed class OptimizationSummary(CommandContext context, OptimizationReport report)
{
    public void Write()
    {
        Passes();
        foreach (var mixed in report.MixedPrecision ?? [])
            new MixedPrecisionText(context, mixed).Write();
        foreach (var search in report.PruningSearches ?? [])
            new PruningSearchText(context, search).Write();
        foreach (var sized in report.SizeBudgets ?? [])
            new SizeBudgetText(context, sized).Write();
        if (report.Steps is { } steps)
            new StepsText(context, steps).Write();
        Sizes();
        Metrics();
    }

    private void Passes()
    {
        var table = Tables.Create("Pass", ">Rewrites", ">Left alone", ">Nodes", ">Weights");
        var members = new List<PassRun>();
        foreach (var run in report.Passes)
        {
            members.Add(run);
            if (run.Group is not null)
                continue;
            Entry(table, run, members[..^1]);
            members.Clear();
        }
        context.Draw(table);
    }

    /// <summary>One entry of the profile and, of a group, the runs of its passes since the entry before: a profile may name it twice.</summary>
    private static void Entry(Table table, PassRun run, List<PassRun> members)
    {
        var passes = members
            // What a pass left alone in its last round is what stays.
            .GroupBy(member => member.Pass, (pass, runs) => (Pass: pass, Rewrites: runs.Sum(member => member.Rewrites), LeftAlone: runs.Last().Refusals))
            .ToList();
        table.Row(
            run.Pass, Count(run.Rewrites), Some(run.Refusals + passes.Sum(pass => pass.LeftAlone)), Count(run.After.Nodes), Bytes(run.After.Bytes));
        foreach (var (pass, rewrites, leftAlone) in passes.Where(pass => pass.Rewrites + pass.LeftAlone > 0))
            table.Row($"  {pass}", Some(rewrites), Some(leftAlone), "", "");
    }

    private void Sizes()
    {
        var table = Tables.Create("", ">Original", ">Result", ">");
        var (before, after) = (report.Original, report.Result);
        table.Row("size", Bytes(before.Bytes), Bytes(after.Bytes), Percent((double)after.Bytes / before.Bytes));
        table.Row("nodes", Count(before.Nodes), Count(after.Nodes), Difference(before.Nodes, after.Nodes));
        table.Row("parameters", Count(before.Parameters), Count(after.Parameters), Difference(before.Parameters, after.Parameters));
        context.Streams.Out.WriteLine();
        context.Draw(table);
    }

    /// <summary>Sizes stand above already; here they come again only where a limit is set.</summary>
    private void Metrics() => MetricTable.Write(context,
    [
        .. report.Metrics
            .Select(metric => new MeasuredMetric(metric.Metric, metric.Original, metric.Result, metric.Output, metric.Remark, Verdict(metric.Metric)))
            .Where(metric => metric.Budget is not null || metric.Metric is not ("size" or "size-ratio")),
    ]);

    private string? Verdict(string metric) => report.Budget.FirstOrDefault(budget => budget.Metric == metric) switch
    {
        null => null,
        { Passed: true } => "kept",
        { Severity: "error" } => "broken",
        _ => "warning",
    };

    private static string Some(int count) => count == 0 ? "" : Count(count);
}
