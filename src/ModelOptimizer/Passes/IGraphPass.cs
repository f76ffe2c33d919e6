using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What a pass may do to the numbers.</summary>
public enum NumericEffect
{
    /// <summary>Same results bit for bit, as far as kernels are the same.</summary>
    Exact,

    /// <summary>Same formula in another order of operations: float noise.</summary>
    Reassociates,

    /// <summary>Information is given up on purpose.</summary>
    Lossy,
}

/// <summary>One transformation of a model. Passes keep no state between runs.</summary>
public interface IGraphPass
{
    /// <summary>The name in profiles: the class name in kebab case.</summary>
    string Name => PassNames.Of(GetType());

    NumericEffect Effect { get; }

    void Run(OnnxModel model, PassContext context);
}

/// <summary>A pass that works on one graph at a time; the frame brings every graph, bodies and functions included.</summary>
public abstract class GraphPass : IGraphPass
{
    public abstract NumericEffect Effect { get; }

    public void Run(OnnxModel model, PassContext context)
    {
        Prepare(context);
        // Inner graphs first: what a body no longer reads is then free outside.
        foreach (var graph in GraphWalker.Graphs(model).Reverse().ToList())
            if (!context.IsDone)
                Run(graph, context);
    }

    /// <summary>Runs once before the graphs: where a pass asks for types.</summary>
    protected virtual void Prepare(PassContext context)
    {
    }

    protected abstract void Run(Graph graph, PassContext context);
}

/// <summary>
/// A pass that looks at one node at a time, of the operators it names, in the main graph, bodies and functions alike. Guards come first, with
/// a reason where the node almost fits; then the change is announced, then made:
/// <code>
/// protected override Outcome Rewrite(Node node, PassContext context)
/// {
///     if (node.Input(1)?.Constant is not { } slope)
///         return Outcome.Refused("its slope is not constant");
///     if (slope.AsSpan&lt;float&gt;() is not [0])
///         return Outcome.Done;
///     if (!context.Rewriting("replace PRelu of slope 0 by Relu", node))
///         return Outcome.Done;
///     node.ReplaceWith(node.Graph!.Insert(node, "Relu", [node.Input(0)]).Output());
///     return Outcome.Done;
/// }
/// </code>
/// </summary>
public abstract class NodeRewrite : GraphPass
{
    /// <summary>The standard operators it reacts to.</summary>
    protected abstract IReadOnlySet<string> Operators { get; }

    /// <summary>Guards first, then announce with <c>context.Rewriting</c>, then the change.</summary>
    protected abstract Outcome Rewrite(Node node, PassContext context);

    protected sealed override void Run(Graph graph, PassContext context)
    {
        foreach (var node in graph.Nodes)
        {
            if (context.IsDone)
                return;
            if (node.Domain.Length == 0 && Operators.Contains(node.OpType) && Attempt(node, context) is { Refusal: { } why })
                context.Refuse(node, why);
        }
    }

    /// <summary>An attribute that a function's caller gives would read as its default.</summary>
    private Outcome Attempt(Node node, PassContext context) => node.Attributes.HasReferences
        ? Outcome.Refused("an attribute comes from the function's caller")
        : Rewrite(node, context);
}

/// <summary>How an attempt at a node ended: done, not this pass's business, or refused for a reason worth telling.</summary>
public readonly record struct Outcome(string? Refusal)
{
    /// <summary>Rewritten, or nothing here to rewrite.</summary>
    public static Outcome Done => default;

    public static Outcome Refused(string why) => new(why);
}
