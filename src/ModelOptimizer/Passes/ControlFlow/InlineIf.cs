using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Puts a branch in the place of an If that can't take the other one: its condition is constant or was decided by an If around it, or both
/// branches are equal.
/// <code>
/// If(true) { then: Relu(x) } { else: Abs(x) }  =>  Relu(x)
/// </code>
/// </summary>
[Description("Puts a branch in the place of an If that always takes it.")]
public sealed class InlineIf : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "If" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var (then, otherwise) = (Branch(node, "then_branch"), Branch(node, "else_branch"));
        if (KnownCondition.In(node.Graph!, node.Input(0)!) is { } condition)
            Inline(node, condition ? then : otherwise, $"inline the branch of an If that is always {(condition ? "true" : "false")}", context);
        else if (BodyComparison.AreEqual(then, otherwise))
            Inline(node, then, "inline one of an If's equal branches", context);
        return Outcome.Done;
    }

    private static Graph Branch(Node node, string name) => node.Bodies.First(body => body.Attribute == name).Graph;

    private static void Inline(Node node, Graph branch, string what, PassContext context)
    {
        if (context.Rewriting(what, node))
            Inlining.ReplaceByBody(node, branch);
    }
}
