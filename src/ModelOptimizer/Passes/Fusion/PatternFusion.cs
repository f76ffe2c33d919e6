using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// A pass that replaces a formula by one operator. The frame finds the formula and sees to it that nobody else reads what is computed
/// within;
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
        // Operators below opset 7 broadcast by attributes that no formula here knows.
        if (context.Opset(graph) < ConstantOperand.BroadcastOpset)
            return;
        var refused = new HashSet<Node>();
        // Backwards, so that a formula is met before formulas that are parts of it.
        foreach (var node in graph.Nodes.Backwards())
        {
            if (context.IsDone)
                return;
            if (node.Outputs is [not null])
                Attempt(node, refused, context);
        }
    }

    /// <param name="refused">The nodes of formulas that were refused: what hinders the whole need not be told of its parts.</param>
    private void Attempt(Node node, HashSet<Node> refused, PassContext context)
    {
        if (Best(Pattern.Match(node)) is not { } match)
            return;
        var outcome = match.ReadElsewhere is { } value ? Outcome.Refused($"'{value}' within is read elsewhere too") : Fuse(match, context);
        if (outcome.Refusal is not { } why)
            return;
        if (!refused.Contains(node))
            context.Refuse(node, why);
        refused.UnionWith(match.Nodes);
    }

    /// <summary>The first match whose nodes may go, or else the first one.</summary>
    private static Match? Best(IEnumerable<Match> matches)
    {
        Match? first = null;
        foreach (var match in matches)
        {
            if (match.ReadElsewhere is null)
                return match;
            first ??= match;
        }
        return first;
    }

    /// <summary>Why an elementwise formula can't become an operator whose kernels are for float and float16; null when it can.</summary>
    private protected static string? Misfit(Match match, Value x)
    {
        if (match.TypeOf(x) is not (DataType.Float or DataType.Float16))
            return $"the runtime has the operator for float and float16, and this is {match.TypeOf(x)?.ToOnnxName() ?? "of unknown type"}";
        return match.KeepsShapeOf(x) ? null : "one of its numbers may add axes to the result";
    }

    /// <summary>Announces the fusion and makes it.</summary>
    /// <param name="inputs">Makes what the operator reads.</param>
    /// <param name="complete">Sets the operator's attributes.</param>
    /// <param name="result">Makes the formula's result of the operator's first output, where they are not the same.</param>
    /// <param name="outputs">How many outputs the operator has.</param>
    private protected static Outcome Replace(Match match, FusedOperator fused, FusionFormat format, PassContext context,
        Func<Graph, Value?[]> inputs, Action<Node>? complete = null, Func<Value, Value>? result = null, int outputs = 1)
    {
        var opset = context.Opset(match.Graph);
        if (fused.In(opset, format) is not var (opType, domain))
            return Outcome.Refused(fused.Missing(opset));
        if (domain.Length == 0 && opset < fused.Since && IsInFunction(match.Graph))
            return Outcome.Refused($"the runtime crashes on {opType} at opset {opset} inside a function");
        if (!context.Rewriting($"fuse {match.Nodes.Count} nodes into {opType}", match.Root))
            return Outcome.Done;
        if (domain.Length > 0)
            context.Model.ImportDomain(match.Graph, domain, 1);
        var node = match.Graph.Insert(match.Root, opType, inputs(match.Graph), outputs, domain: domain, name: match.Root.Name);
        complete?.Invoke(node);
        match.ReplaceWith(result is null ? node.Output() : result(node.Output()));
        return Outcome.Done;
    }

    private static bool IsInFunction(Graph graph)
    {
        while (graph.Outer is { } outer)
            graph = outer;
        return graph.IsFunction;
    }
}
