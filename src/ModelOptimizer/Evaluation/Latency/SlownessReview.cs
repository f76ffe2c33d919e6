using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>Tells what quantization made slower on this machine, and the line that would keep it float. Never changes the result.</summary>
internal static class SlownessReview
{
    private const int MostNodes = 5;

    /// <summary>Says that the result as a whole is slower, where no budget does.</summary>
    public static void ReportSlower(Measurements measurements, RewriteLog log, OptimizationProfile profile, IDiagnosticSink diagnostics)
    {
        if (measurements.Find("latency-ratio") is not { Spread.Low: > 1 } measured || Quantizing(profile, log) is not { } pass
            || profile.Budget.Any(limit => limit.Metric == "latency-ratio"))
            return;
        diagnostics.Report(new Diagnostic(DiagnosticCatalog.ResultIsSlower,
            $"The result takes {MetricFormat.Format(measured.Unit, measured.Result)} of the original's time on this CPU ({measured.Remark}): {pass.Name} made it "
            + "slower. 'optimize --profile-ops' names the operators and the line that keeps them float", pass.Location));
    }

    /// <summary>
    /// Says the same from profiled kernels, where nothing else timed the whole, and names operators whose quantized form is slower.
    /// </summary>
    public static void ReportProfiled(
        OperatorComparison comparison, OnnxModel original, RewriteLog log, Measurements measurements, OptimizationProfile profile,
        IDiagnosticSink diagnostics)
    {
        var named = SlowOperators(comparison, original, log, profile).ToList();
        if (comparison.IsSlower && measurements.Find("latency-ratio") is null && Quantizing(profile, log) is { } pass)
            diagnostics.Report(Slower(comparison, pass, areNamed: named.Count > 0));
        named.ForEach(diagnostics.Report);
    }

    private static Diagnostic Slower(OperatorComparison comparison, PassSettings pass, bool areNamed)
    {
        var (before, after) = (comparison.OriginalMicroseconds, comparison.ResultMicroseconds);
        var next = areNamed
            ? "What is named below is why"
            : "No operator is much slower by itself: what is converted between them costs it. 'exclude' what stands alone, or leave the pass out";
        return new Diagnostic(DiagnosticCatalog.ResultIsSlower, string.Create(CultureInfo.InvariantCulture,
            $"All operators of the result take {after / 1000:0.###} ms a run instead of {before / 1000:0.###} ({after / before:0.##} ×) on this CPU: ")
            + $"{pass.Name} made it slower. {next}", pass.Location);
    }

    /// <summary>The first pass that quantized something. One that changed nothing made nothing slower.</summary>
    private static PassSettings? Quantizing(OptimizationProfile profile, RewriteLog log) =>
        profile.Passes.FirstOrDefault(pass => ExclusionLine.IsQuantizing(pass) && log.Rewrites.Any(rewrite => rewrite.Pass == pass.Name));

    private static IEnumerable<Diagnostic> SlowOperators(
        OperatorComparison comparison, OnnxModel original, RewriteLog log, OptimizationProfile profile)
    {
        var nodes = new TimedNodes(original);
        // One line for all types of a pass: a second one of the same key would not add to it.
        foreach (var byPass in comparison.SlowerTypes.Where(type => !type.Nodes.All(nodes.Moves)).Select(type => (Type: type, Pass: Culprit(type)))
            .Where(slower => slower.Pass is not null).GroupBy(slower => slower.Pass!))
            foreach (var (type, pass) in byPass)
                yield return Describe(type, pass!, $"{type.Operator} ({type.Nodes.Count} node{(type.Nodes.Count == 1 ? "" : "s")})",
                    ExclusionLine.ForTypes(pass!, [.. byPass.Select(slower => slower.Type.Operator)]));
        foreach (var byType in comparison.SlowerNodes.Where(node => !nodes.Moves(node.Nodes[0])).GroupBy(node => node.Operator))
            if (Culprit(byType.First()) is { } pass)
                foreach (var node in byType.Take(MostNodes))
                    yield return Describe(node, pass, nodes.Describe(node),
                        LineFor(pass, byType.Key, [.. byType.Take(MostNodes).Select(other => nodes.Glob(other.Nodes[0]))]));

        PassSettings? Culprit(ComparedOperator compared) => ExclusionLine.Culprit(compared, profile.Passes, log, nodes.WeightsOf);
    }

    private static Diagnostic Describe(ComparedOperator compared, PassSettings pass, string what, string line)
    {
        var (before, after) = (compared.OriginalMicroseconds / 1000, compared.ResultMicroseconds / 1000);
        return new Diagnostic(DiagnosticCatalog.OperatorIsSlower, $"{what} is slower as {compared.Form} than it was in float: "
            + string.Create(CultureInfo.InvariantCulture, $"{after:0.###} ms a run instead of {before:0.###} ({compared.Ratio:0.##} ×). ")
            + $"To keep it float: '- {line}'", pass.Location);
    }

    /// <summary>Nodes that nothing names are only met by their type.</summary>
    private static string LineFor(PassSettings pass, string operatorType, IReadOnlyList<string?> globs) =>
        globs.Contains(null) ? ExclusionLine.ForTypes(pass, [operatorType]) : ExclusionLine.ForNodes(pass, [.. globs.OfType<string>()]);

    /// <summary>Adds the worst type of operators to what a broken budget of time says.</summary>
    public static Measurements WithWorst(Measurements measurements, OperatorComparison comparison)
    {
        if (comparison.SlowerTypes.MaxBy(type => type.ResultMicroseconds - type.OriginalMicroseconds) is not { } worst)
            return measurements;
        var remark = string.Create(CultureInfo.InvariantCulture, $"; slowest is {worst.Operator}, {worst.Ratio:0.##} × its float form");
        return measurements with { All = [.. measurements.All.Select(one => one.Metric == "latency-ratio" ? one with { Remark = one.Remark + remark } : one)] };
    }
}
