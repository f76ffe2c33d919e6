using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Runs passes under guard: every change must be announced, and the graph must be sound afterwards.</summary>
public static class PassRunner
{
    /// <summary>Runs the passes in order.</summary>
    /// <exception cref="DiagnosticException">A pass changed the graph in silence or left it broken: an error of ours, not of the model.</exception>
    public static void Run(PassContext context, params IEnumerable<IGraphPass> passes)
    {
        foreach (var pass in passes)
            Run(context, pass);
        ReportLimit(context);
    }

    /// <summary>Tells that passes were cut short by the limit of rewrites, if they were. To be called once, after the last one.</summary>
    internal static void ReportLimit(PassContext context)
    {
        if (context.IsDone)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.RewriteLimit, LimitMessage(context.Log.Rewrites)));
    }

    /// <summary>Runs one pass.</summary>
    /// <returns>How many changes it made.</returns>
    internal static int Run(PassContext context, IGraphPass pass, string? group = null, int round = 1)
    {
        var (log, model) = (context.Log, context.Model);
        var (before, rewrites, weights) = (context.MeasureSize(), log.Rewrites.Count, log.Weights.Count);
        if (pass.Effect == NumericEffect.Lossy)
            context.KeepOriginal();
        var changes = model.ChangeCount;
        using (log.Enter(pass.Name))
            pass.Run(model, context);
        context.ReportScratch();
        context.Inputs.Expire(model.ChangeCount);
        var made = log.Rewrites.Count - rewrites;
        Check(pass, model, isChanged: changes != model.ChangeCount, isAnnounced: made > 0);
        if (made > 0)
            RequireInitializersThatAreNoInputs(model);
        var after = context.MeasureSize();
        log.Add(new PassRun(pass.Name, group, round, made, CountRefusals(log, pass.Name, weights), before, after));
        return made;
    }

    /// <param name="weights">How many weights had been decided on before the pass ran.</param>
    private static int CountRefusals(RewriteLog log, string pass, int weights) =>
        log.Refusals.Count(refusal => refusal.Pass == pass)
        + log.Weights.Skip(weights).Count(weight => weight.Pass == pass && weight.Refusal is not null);

    private static string LimitMessage(IReadOnlyList<Rewrite> rewrites) =>
        $"Stopped after {rewrites.Count} rewrites, the limit given" + (rewrites is [.., var last] ? $"; the last was '{last}'" : "");

    /// <summary>IR 4 brought initializers that are no inputs; a model that gained one must say so.</summary>
    private static void RequireInitializersThatAreNoInputs(OnnxModel model)
    {
        if (model.Graph.Initializers.Any(initializer => !initializer.IsGraphInput))
            model.RequireIrVersion(4);
    }

    private static void Check(IGraphPass pass, OnnxModel model, bool isChanged, bool isAnnounced)
    {
        if (isChanged && !isAnnounced)
            throw Internal($"{pass.Name} changed the graph without saying so");
        if (isChanged && GraphVerifier.Verify(model) is [var problem, ..])
            throw Internal($"{pass.Name} broke the graph: {problem}");
    }

    private static DiagnosticException Internal(string message) => new(DiagnosticCatalog.InternalError,
        $"{message}. Please report it; leaving the pass out of the profile avoids it");
}
