namespace ModelOptimizer.Passes;

/// <summary>One announced change.</summary>
public sealed record Rewrite(string Pass, string What, string Where);

/// <summary>One candidate left alone, and why.</summary>
public sealed record Refusal(string Pass, string Where, string Why);

/// <summary>Everything that passes did and declined, in order, with the limit that <c>--max-rewrites</c> sets.</summary>
public sealed class RewriteLog(int limit = int.MaxValue)
{
    private readonly List<Rewrite> _rewrites = [];
    private readonly HashSet<Refusal> _seen = [];
    private readonly List<Refusal> _refusals = [];

    public IReadOnlyList<Rewrite> Rewrites => _rewrites;

    public IReadOnlyList<Refusal> Refusals => _refusals;

    public bool IsFull => _rewrites.Count >= limit;

    /// <summary>The pass at work.</summary>
    public string CurrentPass { get; internal set; } = "";

    internal bool TryAdd(string what, string where)
    {
        if (IsFull)
            return false;
        _rewrites.Add(new Rewrite(CurrentPass, what, where));
        return true;
    }

    internal void Refuse(string where, string why)
    {
        // Passes in a fixpoint group meet the same node again; once is enough.
        var refusal = new Refusal(CurrentPass, where, why);
        if (_seen.Add(refusal))
            _refusals.Add(refusal);
    }
}
