using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Computes before an If what both of its branches compute alike: once in the model instead of twice, and as often as before when it runs.
/// <code>
/// If(c) { then: Neg(Exp(x)) } { else: Abs(Exp(x)) }  =>  e = Exp(x); If(c) { then: Neg(e) } { else: Abs(e) }
/// </code>
/// </summary>
[Description("Computes before an If what both of its branches compute alike.")]
public sealed class HoistFromBranches : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "If" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Bodies is not [var first, var second])
            return Outcome.Done;
        var free = new ExpressionScope(outer: null);
        foreach (var other in second.Graph.Nodes.Where(IsFree))
            free.FindOrAdd(other);
        foreach (var inner in first.Graph.Nodes)
            if (IsFree(inner) && free.Find(inner) is { } twin && CanMeet(inner, twin)
                && context.Rewriting("compute before the If what both branches compute", inner))
                Hoist(inner, twin, node, free);
        return Outcome.Done;
    }

    /// <summary>It reads nothing that the branch makes. What it puts out of the branch itself would need a node there anyway.</summary>
    private static bool IsFree(Node node) => node.Inputs.Any(input => input is not null) && node.Inputs.All(input => input?.Graph != node.Graph)
        && node.Bodies.Count == 0 && !node.Attributes.HasReferences && OperatorCatalog.IsDeterministic(node)
        && node.Outputs.All(output => output?.IsGraphOutput != true) && !DequantizedInBody.ReadsResultOf(node);

    private static bool CanMeet(Node inner, Node twin) => twin.Graph is not null
        && inner.Outputs.Zip(twin.Outputs).All(pair => (pair.First is null) == (pair.Second is null));

    /// <param name="free">Gets those nodes of the other branch that read nothing else of it any more.</param>
    private static void Hoist(Node inner, Node twin, Node owner, ExpressionScope free)
    {
        var branch = twin.Graph;
        var hoisted = owner.Graph!.InsertCopy(owner, inner, [.. inner.Inputs]);
        for (var i = 0; i < hoisted.Outputs.Count; i++)
            if (hoisted.Outputs[i] is { } output)
                ShareOutput(inner.Output(i), twin.Output(i), output);
        inner.Remove();
        twin.Remove();
        foreach (var reader in hoisted.Outputs.OfType<Value>().SelectMany(output => output.Uses).Select(use => use.User).Distinct().ToList())
            if (reader.Graph == branch && !reader.IsReturn && IsFree(reader))
                free.FindOrAdd(reader);
    }

    private static void ShareOutput(Value inner, Value twin, Value hoisted)
    {
        if (inner.Type is { } type)
            hoisted.Infer(type);
        inner.ReplaceAllUsesWith(hoisted);
        twin.ReplaceAllUsesWith(hoisted);
    }
}
