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
    /// <summary>Files that change faster than they are read are optimized as they are found.</summary>
    private const int Tries = 3;

    /// <summary>Told in a line what makes a run take longer than one expects.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Optimizes one model, or finds that it was done.</summary>
    /// <exception cref="DiagnosticException">The model, data or output place can't be used; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted; nothing was written.</exception>
    public OptimizationResult Run(OptimizationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        progress?.Report("look into the cache");
        for (var tries = 0; tries < Tries && RunIdentity.Of(request, engine) is { } run; tries++)
        {
            using var turn = cache.Enter(run.Key, Notice, cancellation);
            // Whoever waited may find more data than before.
            if (run.IsOf(request))
                return Run(request, run, cancellation);
        }
        return Optimize(request, cancellation);
    }

    private OptimizationResult Run(OptimizationRequest request, RunIdentity run, CancellationToken cancellation)
    {
        new OutputFiles(request.OutputPath).RefuseToReplace(run.Files.Where(file => file.Role == RunFiles.ModelRole).Select(file => file.Path));
        var places = new RunPlaces(request, run.Files);
        string? unlucky = null;
        using var known = cache.Find(run.Key, Open, cancellation);
        if (known is not null)
            return known.Place(diagnostics);
        if (unlucky is not null)
            Notice?.Invoke($"The cached result broke the budget of {unlucky} when it was timed, which may have been an unlucky moment: "
                + "it is made and timed again");
        var result = Optimize(request, cancellation);
        progress?.Report("keep in the cache");
        if (IsSound(result) && run.IsOf(request) && CachedRun.Of(result, places) is { } account)
            cache.Keep(run.Key, () => new ResultFiles(result, account), cancellation);
        return result;

        CachedResult? Open(Protos.ActionResult entry, ResultSource source)
        {
            var found = new CachedResult(entry, cache.Store, request, places) { Source = source };
            unlucky ??= found.Unlucky;
            return found.Unlucky is null ? found : null;
        }
    }

    private OptimizationResult Optimize(OptimizationRequest request, CancellationToken cancellation) =>
        new Optimizer(engine, diagnostics, progress).Run(request, cancellation);

    /// <summary>Not what failed by more than the budget: the next run tells why, and where.</summary>
    private static bool IsSound(OptimizationResult result) =>
        result.Found.MeetsGoals && result.Found.Diagnostics.All(told => told.Severity != Severity.Error);
}
