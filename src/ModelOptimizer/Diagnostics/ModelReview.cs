using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnostics;

/// <summary>Tells what is unusual about a model. None of it stops the work: what is not known is kept as it is.</summary>
internal static class ModelReview
{
    private static readonly HashSet<string> KnownDomains =
        ["", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc", "org.pytorch.aten"];

    /// <param name="original">The model as read.</param>
    /// <param name="candidate">What became of it: a pass may have settled what would be worth telling.</param>
    public static void Report(OnnxModel original, OnnxModel candidate, IDiagnosticSink diagnostics)
    {
        var location = original.Path is { } path ? new SourceLocation(path) : null;
        foreach (var (descriptor, message) in Findings(original).Concat(Unsettled(candidate)))
            diagnostics.Report(new Diagnostic(descriptor, message, location));
    }

    private static IEnumerable<(DiagnosticDescriptor, string)> Findings(OnnxModel model)
    {
        if (model.Opset > OperatorCatalog.LatestOpset)
            yield return (DiagnosticCatalog.OpsetTooNew, $"The model uses opset {model.Opset}, and the newest one known here is {OperatorCatalog.LatestOpset}. "
                + "Passes may misread operators that changed since: check the result on data, or export with an older opset");
        if (UnknownOperators(model) is { Count: > 0 } unknown)
            yield return (DiagnosticCatalog.UnknownOperator, $"Nothing is known about {string.Join(", ", unknown)}: such nodes are kept as they are, "
                + "and results are compared only if the runtime can run them");
        if (Shadowed(model) is [var first, ..] shadowed)
            yield return (DiagnosticCatalog.ShadowedConstants, $"{shadowed.Count} constants are defined twice under one name, the first is '{first}'; the last "
                + "definition counts, as in the runtime. Export the model again if that is not what was meant");
    }

    private static IEnumerable<(DiagnosticDescriptor, string)> Unsettled(OnnxModel model)
    {
        if (model.Graph.Inputs.Count(input => input.IsOverridable) is > 0 and var overridable)
            yield return (DiagnosticCatalog.OverridableInitializers, $"{overridable} weights are graph inputs too, so that callers may override them; "
                + "they are left alone. If nobody does, add the pass 'freeze-inputs'");
    }

    private static List<string> Shadowed(OnnxModel model) =>
        [.. GraphWalker.Graphs(model).SelectMany(graph => graph.MadeValues).Where(value => value.IsShadowed).Select(value => value.Name)];

    /// <summary>Operators of domains that neither the standard, the runtime nor the model itself defines, each once.</summary>
    public static IReadOnlyList<string> UnknownOperators(OnnxModel model)
    {
        var local = model.Functions.Select(function => function.Domain).ToHashSet();
        return [.. GraphWalker.Nodes(model)
            .Where(node => !KnownDomains.Contains(node.Domain) && !local.Contains(node.Domain))
            .Select(node => $"{node.Domain}.{node.OpType}")
            .Distinct().Order(StringComparer.Ordinal)];
    }
}
