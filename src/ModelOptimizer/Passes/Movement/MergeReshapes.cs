using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one node of two in a row that give the same elements another shape: Reshape, Flatten, Squeeze, Unsqueeze, and Transpose where it only
/// moves axes of length 1.
/// <code>
/// Reshape(Reshape(x, s), t)     =>  Reshape(x, t)
/// Unsqueeze(Unsqueeze(x, a), b) =>  Unsqueeze(x, ab)
/// Squeeze(Reshape(x, s), a)     =>  Reshape(x, t)
/// Squeeze(Unsqueeze(x, a), a)   =>  x
/// </code>
/// </summary>
[Description("Makes one node of two in a row that give the same elements another shape: Reshape, Flatten, Squeeze, Unsqueeze.")]
public sealed class MergeReshapes : NodeRewrite
{
    /// <summary>The first opset whose Reshape takes the shape as an input.</summary>
    private const long ShapeAsInput = 5;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } =
        new HashSet<string> { "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (!IsReshaping(node) || node.Input(0)?.Producer is not { } before || !Operators.Contains(before.OpType) || !IsReshaping(before))
            return Outcome.Done;
        // Two Transposes merge into one, which unlike a Reshape leaves nothing to find out and so works on empty tensors, too.
        if (node.Is("Transpose") && before.Is("Transpose"))
            return Outcome.Done;
        if (node.Is("Unsqueeze") && before.Is("Unsqueeze") && MaskUnsqueezes.EndWith(node))
            return Outcome.Refused("the runtime looks for both before a mask of attention");
        if (before.Attributes.HasReferences)
            return Outcome.Refused($"an attribute of {before} comes from the function's caller");
        var opset = context.Opset(node.Graph!);
        if (IsUndone(before, node, opset) && (!node.Output().IsGraphOutput || before.Input(0)!.CanBecomeOutputOf(node.Graph!)))
            return Undo(node, before, context);
        return MergedAxes(before, node, opset) is { } axes ? Merge(node, before, opset, axes, context) : Merge(node, before, opset, context);
    }

    private static bool IsReshaping(Node node) => node.Domain.Length == 0
        && (!node.Is("Transpose") || (Permutation.Of(node) is { } order && node.Input(0)?.Type?.Shape is { } shape && KeepsOrder(order, shape)));

    /// <summary>The axes that may be longer than 1 stay in order.</summary>
    private static bool KeepsOrder(IEnumerable<long> order, Shape shape)
    {
        var moved = order.Where(axis => shape[(int)axis].Value != 1).ToArray();
        return moved.Zip(moved.Skip(1)).All(pair => pair.First < pair.Second);
    }

    /// <summary>The axes put in are those taken away, or the shape is known to be the first one again.</summary>
    private static bool IsUndone(Node before, Node node, long opset)
    {
        if (before.Is("Squeeze", "Unsqueeze") && node.Is("Squeeze", "Unsqueeze") && before.OpType != node.OpType
            && AxesOperand.Resolved(before, opset) is { } first && AxesOperand.Resolved(node, opset) is { } second)
            return first.Order().SequenceEqual(second.Order());
        return before.Input(0)?.Type?.Shape is { } from && node.Output().Type?.Shape is { } to && BroadcastShapes.AreSame(from, to);
    }

    private static Outcome Undo(Node node, Node before, PassContext context)
    {
        if (!context.Rewriting($"remove with {before}, which it undoes", node))
            return Outcome.Done;
        node.ReplaceWith(before.Input(0)!);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    private static Outcome Merge(Node node, Node before, long opset, long[] axes, PassContext context)
    {
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        node.SetInput(0, before.Input(0));
        AxesOperand.Set(node, axes, opset);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    private static Outcome Merge(Node node, Node before, long opset, PassContext context)
    {
        if (opset < ShapeAsInput)
            return Outcome.Refused("this opset's Reshape is of another kind");
        if (Target(node, before.Input(0)!) is not { } target)
            return Outcome.Refused("no constant says its shape");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        var shape = node.Graph!.AddConstant($"{node.Output().Name}_shape", Tensor.Create([target.Length], target));
        var merged = node.Graph.Insert(node, "Reshape", [before.Input(0), shape], name: node.Name).Output();
        merged.TakePlaceOf(node);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>A target that neither keeps lengths nor depends on the input's shape serves as it is.</summary>
    private static long[]? Target(Node node, Value source)
    {
        if (node.Is("Reshape") && node.Input(1)?.Constant?.AsInt64s() is { } own && own.All(length => length is > 0 or -1))
            return own;
        return source.Type?.Shape is { } from && node.Output().Type?.Shape is { } to ? ReshapeTarget.For(from, to) : null;
    }

    /// <summary>The axes of the one Squeeze or Unsqueeze that does what two do, in terms of the input or the result.</summary>
    private static long[]? MergedAxes(Node before, Node node, long opset)
    {
        if (before.OpType != node.OpType || !node.Is("Squeeze", "Unsqueeze"))
            return null;
        if (AxesOperand.Resolved(before, opset) is not { } first || AxesOperand.Resolved(node, opset) is not { } second)
            return null;
        return node.Is("Squeeze") ? [.. first.Concat(Outside(first, second)).Order()] : [.. second.Concat(Outside(second, first)).Order()];
    }

    /// <summary>Where axes come to lie once the <paramref name="taken"/> ones are between them.</summary>
    private static IEnumerable<long> Outside(long[] taken, long[] axes)
    {
        var places = Enumerable.Range(0, taken.Length + (int)axes.DefaultIfEmpty(-1).Max() + 1).Select(place => (long)place).Where(place => !taken.Contains(place)).ToArray();
        return axes.Select(axis => places[axis]);
    }
}
