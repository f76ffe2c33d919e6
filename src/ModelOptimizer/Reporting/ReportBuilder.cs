using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting;

/// <summary>Turns what a run left behind into the records of its report.</summary>
internal static class ReportBuilder
{
    public static ModelReport Model(OnnxModel model, IReadOnlyList<FileReport> files, long bytes)
    {
        var summary = ModelSummary.Of(model);
        return new(files, bytes, summary.Nodes, summary.Parameters, summary.IrVersion, summary.Opsets);
    }

    /// <summary>Equal changes of one pass on one line, however many places they were made at.</summary>
    public static IReadOnlyList<RewriteReport> Rewrites(RewriteLog log) =>
        [.. log.Rewrites.GroupBy(rewrite => (rewrite.Pass, rewrite.What))
            .Select(group => new RewriteReport(group.Key.Pass, group.Key.What, [.. group.Select(rewrite => rewrite.Where)]))];

    public static IReadOnlyList<WeightReport> Weights(RewriteLog log) =>
        [.. log.Weights.Select(w => new WeightReport(w.Weight, w.Pass, w.Type.ToString(), w.BytesBefore, w.BytesAfter, w.Form, w.Refusal))];

    public static IReadOnlyList<DiagnosticReport> Diagnostics(IEnumerable<Diagnostic> diagnostics) =>
        [.. diagnostics.Select(DiagnosticReport.Of)];

    public static OperatorsReport Operators(OperatorComparison comparison, string inputs)
    {
        var (types, nodes) = (comparison.SlowerTypes.ToHashSet(), comparison.SlowerNodes.ToHashSet());
        return new(inputs, comparison.OriginalMicroseconds, comparison.ResultMicroseconds,
            [.. comparison.Types.Select(type => Of(type, types.Contains(type)))], [.. comparison.Nodes.Select(node => Of(node, nodes.Contains(node)))]);

        static OperatorReport Of(ComparedOperator compared, bool isSlower) =>
            new(compared.Operator, compared.Nodes, compared.Form, compared.OriginalMicroseconds, compared.ResultMicroseconds, isSlower);
    }

    public static IReadOnlyList<MetricReport> Metrics(Measurements measurements) =>
        [.. measurements.All.Select(m => new MetricReport(m.Metric, UnitName(m.Unit), m.Original, m.Result, m.Output, m.Remark))];

    public static IReadOnlyList<BudgetReport> Budget(IEnumerable<BudgetVerdict> verdicts) =>
        [.. verdicts.Select(v => new BudgetReport(v.Limit.Metric, v.Passed, v.Measured, v.Allowed, Name(v.Limit.Severity), v.Message,
            Path.GetFileName(v.Limit.Location.File), v.Limit.Location.Line, v.Limit.Location.Column) { IsFloor = v.IsFloor })];

    private static string? UnitName(MetricUnit unit) => unit switch
    {
        MetricUnit.Bytes => "bytes",
        MetricUnit.Ratio => "ratio",
        MetricUnit.Rate => "rate",
        MetricUnit.Decibel => "dB",
        _ => null,
    };

    public static string Name(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "info",
    };
}
