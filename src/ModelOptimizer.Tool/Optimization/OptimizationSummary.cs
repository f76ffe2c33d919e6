using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what one optimization did and kept.</summary>
internal sealed class OptimizationSummary(CommandContext context, OptimizationReport report)
{
    public void Write()
    {
        Passes();
        Sizes();
        Metrics();
    }

    private void Passes()
    {
        var table = Tables.Create("Pass", ">Rewrites", ">Left alone", ">Nodes", ">Weights");
        foreach (var run in report.Passes.Where(run => run.Group is null))
        {
            table.Row(run.Pass, Count(run.Rewrites), Some(LeftAlone(run)), Count(run.After.Nodes), Bytes(run.After.Bytes));
            foreach (var (pass, rewrites) in Members(run).Where(member => member.Rewrites + Refusals(member.Pass) > 0))
                table.Row($"  {pass}", Some(rewrites), Some(Refusals(pass)), "", "");
        }
        context.Draw(table);
    }

    /// <summary>The passes of a group, all rounds together, in the order in which they run.</summary>
    private IEnumerable<(string Pass, int Rewrites)> Members(PassRun group) => report.Passes
        .Where(run => run.Group == group.Pass)
        .GroupBy(run => run.Pass, (pass, runs) => (pass, runs.Sum(run => run.Rewrites)));

    private int LeftAlone(PassRun run) => Refusals(run.Pass) + Members(run).Sum(member => Refusals(member.Pass));

    private int Refusals(string pass) =>
        report.Refusals.Count(refusal => refusal.Pass == pass) + report.Weights.Count(weight => weight.Pass == pass && weight.Refusal is not null);

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
