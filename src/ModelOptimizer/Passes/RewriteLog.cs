using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>One announced change.</summary>
public sealed record Rewrite(string Pass, string What, string Where);

/// <summary>One candidate left alone, and why.</summary>
public sealed record Refusal(string Pass, string Where, string Why);

/// <summary>What became of one weight that a compressing pass looked at.</summary>
/// <param name="Pass">The pass that decided.</param>
/// <param name="Weight">The weight's name: an initializer, or the output of a Constant node.</param>
/// <param name="Type">Element type and shape before.</param>
/// <param name="BytesBefore">Bytes of its elements before.</param>
/// <param name="BytesAfter">Bytes of everything that stands for it afterwards, scales included; as before when refused.</param>
/// <param name="Form">How it is stored now, in words; null when refused.</param>
/// <param name="Refusal">Why it stays as it is; null when compressed.</param>
public sealed record WeightDecision(string Pass, string Weight, TensorType Type, long BytesBefore, long BytesAfter, string? Form, string? Refusal);

/// <summary>Everything that passes did and declined, in order, with the limit that <c>--max-rewrites</c> sets.</summary>
public sealed class RewriteLog(int limit = int.MaxValue)
{
    private readonly List<Rewrite> _rewrites = [];
    private readonly HashSet<Refusal> _seen = [];
    private readonly List<Refusal> _refusals = [];
    private readonly List<WeightDecision> _weights = [];

    public IReadOnlyList<Rewrite> Rewrites => _rewrites;

    public IReadOnlyList<Refusal> Refusals => _refusals;

    /// <summary>Every weight that a compressing pass considered, compressed or not.</summary>
    public IReadOnlyList<WeightDecision> Weights => _weights;

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

    internal void Compressed(string weight, Tensor content, long bytesAfter, string form) =>
        _weights.Add(new WeightDecision(CurrentPass, weight, content.Type, content.ByteCount, bytesAfter, form, Refusal: null));

    internal void RefuseWeight(string weight, Tensor content, string why) =>
        _weights.Add(new WeightDecision(CurrentPass, weight, content.Type, content.ByteCount, content.ByteCount, Form: null, why));
}
