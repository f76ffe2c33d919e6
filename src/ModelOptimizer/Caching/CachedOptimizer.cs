using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>
/// Optimizes what no run before has: a result that is known is put in place, judged by the budget of the day, and reported as if made anew.
/// </summary>
/// <param name="engine">Started only where there is work.</param>
/// <param name="diagnostics">Takes what the run tells; trouble with the cache goes elsewhere, since no report tells of it.</param>
/// <param name="progress">Told the step at work.</param>
public sealed class CachedOptimizer(IInferenceEngine engine, ResultCache cache, DiagnosticBag diagnostics, IProgress<string>? progress = null)
{
    /// <summary>Optimizes one model, or finds that it was done.</summary>
    /// <exception cref="DiagnosticException">The model, data or output place can't be used; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted; nothing was written.</exception>
    public OptimizationResult Run(OptimizationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        progress?.Report("look into the cache");
        if (RunIdentity.Of(request, engine) is not { } run)
            return Optimize(request, cancellation);
        var output = new OutputFiles(request.OutputPath);
        output.RefuseToReplace(run.Files.Where(file => file.Role == RunFiles.ModelRole).Select(file => file.Path));
        using var turn = cache.Enter(run.Key, () => progress?.Report("wait for another run of the same"), cancellation);
        var places = new RunPlaces(request, run.Files);
        using var known = cache.Find(run.Key,
            (entry, source) => new CachedResult(entry, cache.Store, output, places) { Source = source }, cancellation);
        if (known is not null)
            return known.Place(request, diagnostics);
        var result = Optimize(request, cancellation);
        progress?.Report("keep in the cache");
        Keep(run, result, places, cancellation);
        return result;
    }

    private OptimizationResult Optimize(OptimizationRequest request, CancellationToken cancellation) =>
        new Optimizer(engine, diagnostics, progress).Run(request, cancellation);

    /// <summary>Not what failed by more than the budget: the next run tells why, and where.</summary>
    private void Keep(RunIdentity run, OptimizationResult result, RunPlaces places, CancellationToken cancellation)
    {
        var isSound = result.Report.Diagnostics.Count(one => one.Severity == ReportBuilder.Name(Severity.Error))
            == result.Report.Budget.Count(verdict => !verdict.Passed && verdict.Severity == ReportBuilder.Name(Severity.Error));
        if (isSound && run.IsUnchanged && CachedRun.Of(result, places) is { } account)
            cache.Keep(run.Key, result.Report.Result.Bytes, store => CachedResult.Store(result, account, store), cancellation);
    }
}
