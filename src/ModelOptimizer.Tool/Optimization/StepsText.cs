using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what each step that gave up precision cost.</summary>
internal sealed class StepsText(CommandContext context, IReadOnlyList<StepReport> steps)
{
    public void Write()
    {
        string[] metrics = [.. steps.SelectMany(step => step.Metrics).Select(metric => metric.Metric).Distinct()];
        context.Streams.Out.WriteLine();
        var table = Tables.Create(["After", ">Size", ">Parameters", ">MFLOPs", .. metrics.Select(metric => $">{metric}")]);
        foreach (var step in steps)
            table.Row([Name(step), Bytes(step.Bytes), Count(step.Parameters), Millions(step.Flops), .. metrics.Select(metric => Value(step, metric))]);
        context.Draw(table);
    }

    private static string Name(StepReport step) => step.Pass.Length == 0 ? "(original)"
        : step.BeforeRecovery ? $"{step.Pass}, before recovery"
        : step.Pass;

    private static string Millions(double? flops) => flops is { } number ? Count((long)(number / 1e6)) : "";

    private static string Value(StepReport step, string metric) => step.Metrics.FirstOrDefault(one => one.Metric == metric) is { } measured
        ? MetricFormat.Format(MetricCatalog.Find(metric)!.Unit, measured.Result)
        : "";
}
