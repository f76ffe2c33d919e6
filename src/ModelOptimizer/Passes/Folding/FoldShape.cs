using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces questions about shapes whose answer is known from types alone.
/// <code>
/// Shape(x: float[2,3])             =>  [2,3]
/// Size(x: float[2,3])              =>  6
/// Gather(Shape(x: float[n,3]), 1)  =>  3
/// </code>
/// </summary>
[Description("Replaces questions about shapes whose answer is known from types alone.")]
public sealed class FoldShape : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Shape", "Size", "Gather" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (Answer(node, context) is not { } answer)
            return Outcome.Done;
        if (!context.Rewriting($"replace {node.OpType} by the known {(answer.ElementCount == 1 ? "length" : "shape")}", node))
            return Outcome.Done;
        node.ReplaceWith(node.Graph!.AddConstant(node.Output().Name, answer));
        return Outcome.Done;
    }

    private static Tensor? Answer(Node node, PassContext context) => node.OpType switch
    {
        "Shape" => Lengths(node, context) is { } axes && axes.All(axis => axis is not null)
            ? Tensor.Create([axes.Length], [.. axes.Select(axis => axis!.Value)])
            : null,
        "Size" => node.Input(0)?.Type?.Shape?.ElementCount is { } count ? Tensor.Create([], count) : null,
        _ => node.Input(0)?.Producer is { } shape && shape.Is("Shape") && !shape.Attributes.HasReferences ? Pick(node, Lengths(shape, context)) : null,
    };

    /// <summary>What a Shape node puts out, null where an axis has no fixed length. From opset 15 on it may show a part only.</summary>
    private static long?[]? Lengths(Node shapeNode, PassContext context)
    {
        if (shapeNode.Input(0)?.Type?.Shape is not { } shape)
            return null;
        var lengths = shape.Dimensions.Select(axis => axis.Value);
        if (context.Opset(shapeNode.Graph!) < 15)
            return [.. lengths];
        var start = Clamp(shapeNode.Attributes.GetInt("start", 0), shape.Rank);
        var end = Clamp(shapeNode.Attributes.GetInt("end", shape.Rank), shape.Rank);
        return [.. lengths.Take(end).Skip(start)];
    }

    private static int Clamp(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);

    /// <summary>The lengths that a Gather picks, when all of them are known.</summary>
    private static Tensor? Pick(Node gather, long?[]? lengths)
    {
        if (lengths is null || gather.Input(1)?.Constant is not { } indices || gather.Attributes.GetInt("axis", 0) is not (0 or -1))
            return null;
        var places = indices.AsInt64s().Select(index => index < 0 ? index + lengths.Length : index).ToArray();
        if (places.Any(place => place < 0 || place >= lengths.Length || lengths[place] is null))
            return null;
        return Tensor.Create(indices.Dimensions.AsSpan(), [.. places.Select(place => lengths[place]!.Value)]);
    }
}
