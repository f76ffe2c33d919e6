using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Tells at the profile's line when a pass was sent to what isn't there, or came back with empty hands.</summary>
internal static class SelectionReview
{
    /// <summary>Names that meet nothing are worth telling only to who chose them for this model.</summary>
    /// <param name="model">The model before the pass: afterwards its names are others.</param>
    /// <param name="original">The model before it was quantized, if it was: what a pass mends may have other names by now.</param>
    public static void ReportUnmatched(IGraphPass pass, OnnxModel model, OnnxModel? original, PassSettings settings, IDiagnosticSink diagnostics)
    {
        if (settings.IsPreset || pass is not ISelectivePass selective)
            return;
        var named = selective.Compresses || original is null ? model : original;
        if (selective.Selector.Unmatched(named) is { Count: > 0 } unmatched)
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.SelectionUnmatched,
                $"Nothing in the model is called {Quoted(unmatched)}, so that {settings.Name} does not heed it. 'dotnet model-opt inspect MODEL --all' "
                + "lists the names",
                settings.Location));
    }

    /// <param name="decided">How many weights had been decided on before the pass ran.</param>
    public static void ReportFruitless(IGraphPass pass, RewriteLog log, int decided, PassSettings settings, IDiagnosticSink diagnostics)
    {
        if (settings.IsPreset || pass is not ISelectivePass { Compresses: true } || log.IsFull || log.Runs[^1].Rewrites > 0)
            return;
        // Of some passes it is nodes that say why.
        var refused = log.Weights.Skip(decided).Select(weight => weight.Refusal ?? "").ToList();
        var why = refused.Count > 0 ? refused : [.. log.Refusals.Where(refusal => refusal.Pass == settings.Name).Select(refusal => refusal.Why)];
        diagnostics.Report(new Diagnostic(DiagnosticCatalog.NothingToDo,
            $"{settings.Name} compressed nothing: {RefusalSummary.Of(why)}. "
            + $"Drop the pass, or see the reasons with 'optimize --explain {settings.Name}' and its options with 'explain {settings.Name}'",
            settings.Location));
    }

    /// <summary>Of a preset's passes some may find nothing in a model, but not all.</summary>
    public static void ReportFruitlessPreset(IReadOnlyList<PassSettings> passes, RewriteLog log, IDiagnosticSink diagnostics)
    {
        var compressing = passes
            .Where(settings => settings.IsPreset && PassRegistry.Create(settings.Name, settings.Options) is ISelectivePass { Compresses: true }).ToList();
        if (compressing.Count == 0 || log.IsFull || log.Weights.Any(weight => weight.Refusal is null))
            return;
        diagnostics.Report(new Diagnostic(DiagnosticCatalog.NothingToDo,
            $"The preset compressed nothing: {RefusalSummary.Of([.. log.Weights.Select(weight => weight.Refusal ?? "")])}. "
            + "'dotnet model-opt init MODEL' writes a profile that suits the model", compressing[0].Location));
    }

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
