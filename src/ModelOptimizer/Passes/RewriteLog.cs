using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>One announced change.</summary>
public sealed record Rewrite(string Pass, string What, string Where)
{
    /// <summary>The name of the place: a node is shown as <c>MatMul '/head/MatMul'</c>, a weight by its bare name.</summary>
    public string Name => Where.Split('\'') is [_, var name, ..] ? name : Where;

    public override string ToString() => $"{Pass}: {What} at {Where}";
}

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

/// <summary>One node that computes in another precision now.</summary>
/// <param name="Node">Operator and name.</param>
/// <param name="Form">What its operands and results are, in words.</param>
public sealed record QuantizedNode(string Pass, string Node, string Operator, string Form);

/// <summary>One value that is rounded now: x ≈ (code − <paramref name="ZeroPoint"/>) · <paramref name="Scale"/>.</summary>
/// <param name="Type">The type of the codes.</param>
/// <param name="Low">The lowest number that the range was made for.</param>
/// <param name="High">The highest.</param>
public sealed record RoundedValue(string Pass, string Value, string Type, float Scale, int ZeroPoint, float Low, float High);

/// <summary>Everything that passes did and declined, in order, with the limit that <c>--max-rewrites</c> sets.</summary>
public sealed class RewriteLog(int limit = int.MaxValue)
{
    private readonly List<Rewrite> _rewrites = [];
    private readonly HashSet<Refusal> _seen = [];
    private readonly List<Refusal> _refusals = [];
    private readonly List<WeightDecision> _weights = [];
    private readonly List<PassRun> _runs = [];
    private readonly HashSet<object> _touched = new(ReferenceEqualityComparer.Instance);
    private readonly List<QuantizedNode> _nodes = [];
    private readonly List<RoundedValue> _values = [];
    private readonly List<SizeOutcome> _sizeBudgets = [];

    public IReadOnlyList<Rewrite> Rewrites => _rewrites;

    public IReadOnlyList<Refusal> Refusals => _refusals;

    /// <summary>Every weight that a compressing pass considered, compressed or not.</summary>
    public IReadOnlyList<WeightDecision> Weights => _weights;

    /// <summary>Every node that computes in another precision; refused ones are among <see cref="Refusals"/>.</summary>
    public IReadOnlyList<QuantizedNode> Nodes => _nodes;

    /// <summary>Every value that is rounded at run time.</summary>
    public IReadOnlyList<RoundedValue> Values => _values;

    /// <summary>How size budgets were spent.</summary>
    public IReadOnlyList<SizeOutcome> SizeBudgets => _sizeBudgets;

    /// <summary>Every run of a pass, in the order in which they ended: a group follows its passes.</summary>
    public IReadOnlyList<PassRun> Runs => _runs;

    public bool IsFull => _rewrites.Count >= limit;

    /// <summary>The pass at work.</summary>
    public string CurrentPass { get; private set; } = "";

    /// <summary>Every node and value that a pass acted on, for telling what it took from what it declined.</summary>
    internal IReadOnlySet<object> Touched => _touched;

    /// <summary>Names the pass at work until disposed.</summary>
    internal IDisposable Enter(string pass)
    {
        var scope = new PassScope(this, CurrentPass);
        CurrentPass = pass;
        return scope;
    }

    internal void Add(PassRun run) => _runs.Add(run);

    /// <param name="subject">The node or value itself, where there is one.</param>
    internal bool TryAdd(string what, string where, object? subject = null)
    {
        if (IsFull)
            return false;
        if (subject is not null)
            Touch(subject);
        _rewrites.Add(new Rewrite(CurrentPass, what, where));
        return true;
    }

    /// <summary>Records a node or value that a pass acted on.</summary>
    internal void Touch(object subject) => _touched.Add(subject);

    internal void Refuse(string where, string why)
    {
        // Passes in a fixpoint group meet the same node again; once is enough.
        var refusal = new Refusal(CurrentPass, where, why);
        if (_seen.Add(refusal))
            _refusals.Add(refusal);
    }

    /// <summary>Takes back what a pass refused, before it looks at everything anew.</summary>
    internal void ForgetRefusals(string pass)
    {
        _seen.RemoveWhere(refusal => refusal.Pass == pass);
        _refusals.RemoveAll(refusal => refusal.Pass == pass);
    }

    internal void Compressed(string weight, Tensor content, long bytesAfter, string form) =>
        _weights.Add(new WeightDecision(CurrentPass, weight, content.Type, content.ByteCount, bytesAfter, form, Refusal: null));

    internal void Quantized(Node node, string form) => _nodes.Add(new QuantizedNode(CurrentPass, node.ToString(), node.OpType, form));

    internal void Rounded(RoundedValue value) => _values.Add(value with { Pass = CurrentPass });

    internal void Sized(SizeOutcome report) => _sizeBudgets.Add(report);

    internal void RefuseWeight(string weight, Tensor content, string why) =>
        _weights.Add(new WeightDecision(CurrentPass, weight, content.Type, content.ByteCount, content.ByteCount, Form: null, why));

    private sealed class PassScope(RewriteLog log, string outer) : IDisposable
    {
        public void Dispose() => log.CurrentPass = outer;
    }
}
