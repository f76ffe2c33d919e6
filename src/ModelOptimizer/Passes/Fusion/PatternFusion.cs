using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// A pass that replaces a formula by one operator. The frame finds the formula and sees to it that nobody else reads what is computed within;
/// the pass judges shapes and types, and says what to write.
/// </summary>
public abstract class PatternFusion : GraphPass
{
    public override NumericEffect Effect => NumericEffect.Reassociates;

    /// <summary>What to look for; the longest forms first.</summary>
    private protected abstract Pattern Pattern { get; }

    /// <summary>Guards first, then <see cref="Match"/> is announced and replaced.</summary>
    private protected abstract Outcome Fuse(Match match, PassContext context);

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected sealed override void Run(Graph graph, PassContext context)
    {
        // Backwards, so that a formula is met before formulas that are parts of it.
        foreach (var node in graph.Nodes.Backwards())
        {
            if (context.IsDone)
                return;
            if (node.Outputs is [not null] && Attempt(node, context) is { Refusal: { } why })
                context.Refuse(node, why);
        }
    }

    private Outcome Attempt(Node node, PassContext context)
    {
        Value? readElsewhere = null;
        foreach (var match in Pattern.Match(node))
        {
            if (match.ReadElsewhere is not { } value)
                return Fuse(match, context);
            readElsewhere ??= value;
        }
        return readElsewhere is null ? Outcome.Done : Outcome.Refused($"'{readElsewhere}' within is read elsewhere too");
    }

    /// <summary>Announces the fusion and makes it.</summary>
    /// <param name="inputs">Makes what the operator reads.</param>
    /// <param name="complete">Sets the operator's attributes.</param>
    private protected static Outcome Replace(Match match, FusedOperator fused, FusionFormat format, PassContext context,
        Func<Graph, Value?[]> inputs, Action<Node>? complete = null)
    {
        var opset = context.Opset(match.Graph);
        if (fused.In(opset, format) is not var (opType, domain))
            return Outcome.Refused(fused.Missing(opset));
        if (!context.Rewriting($"fuse {match.Nodes.Count} nodes into {opType}", match.Root))
            return Outcome.Done;
        if (domain.Length > 0)
            context.Model.ImportDomain(match.Graph, domain, 1);
        var node = match.Graph.Insert(match.Root, opType, inputs(match.Graph), domain: domain, name: match.Root.Name);
        complete?.Invoke(node);
        match.ReplaceWith(node.Output());
        return Outcome.Done;
    }
}
