using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Passes;

/// <summary>
/// Finds the two passes of a group that undo each other's work, by experiment: the two that never come to rest on a copy of the model that
/// they have to themselves. The others are busy only because these keep them so.
/// </summary>
internal static class UndoneWork
{
    /// <summary>Rounds that passes get to come to rest in.</summary>
    private const int Rounds = 4;

    /// <summary>Who, and where, in words.</summary>
    /// <param name="busy">The passes that still found work, in order.</param>
    public static string Describe(IReadOnlyList<IGraphPass> busy, PassContext context)
    {
        foreach (var suspects in Suspects(busy))
            if (Trial(suspects, context) is { } changes)
                return $"{Names(suspects, " and ")} {(suspects.Count == 1 ? "undoes its own" : "undo each other's")} work: {Words(changes)}";
        return $"these passes keep each other busy: {Names(busy, ", ")}";
    }

    /// <summary>Each alone, then every two.</summary>
    private static IEnumerable<IReadOnlyList<IGraphPass>> Suspects(IReadOnlyList<IGraphPass> busy) =>
        busy.Select(pass => (IReadOnlyList<IGraphPass>)[pass])
            .Concat(busy.SelectMany((first, i) => busy.Skip(i + 1).Select(second => (IReadOnlyList<IGraphPass>)[first, second])));

    /// <returns>The first change that each makes in the last round; null when one of them came to rest.</returns>
    private static Rewrite[]? Trial(IReadOnlyList<IGraphPass> passes, PassContext context)
    {
        var log = new RewriteLog();
        var trial = new PassContext(context.Model.Clone(), log, context.Engine, new DiagnosticBag());
        var changes = new Rewrite[passes.Count];
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < passes.Count; i++)
            {
                var before = log.Rewrites.Count;
                if (PassRunner.Run(trial, passes[i]) == 0)
                    return null;
                changes[i] = log.Rewrites[before];
            }
        return changes;
    }

    private static string Names(IEnumerable<IGraphPass> passes, string separator) => string.Join(separator, passes.Select(pass => pass.Name));

    private static string Words(IEnumerable<Rewrite> changes) =>
        string.Join(", then ", changes.Select(change => $"'{change.What}' at {change.Where}"));
}
