using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Whether a node hands on a value that is there already, with the reason when it almost does.</summary>
/// <param name="IsNoOp">Whether it does.</param>
/// <param name="Reason">Why it does not, where that is worth telling.</param>
/// <param name="Source">The value handed on where it is not the first input.</param>
internal readonly record struct NoOpVerdict(bool IsNoOp, string? Reason, Value? Source = null)
{
    public static NoOpVerdict Yes => new(true, null);

    public static NoOpVerdict No => new(false, null);

    public static NoOpVerdict Unsure(string why) => new(false, why);

    public static NoOpVerdict When(bool isNoOp) => new(isNoOp, null);

    /// <summary>It hands on this value; null says that it does not.</summary>
    public static NoOpVerdict From(Value? source) => new(source is not null, null, source);
}

/// <summary>When an operator does nothing, one rule each.</summary>
internal static class NoOps
{
    private static readonly FrozenDictionary<string, Func<Node, long, NoOpVerdict>> Rules = new Dictionary<string, Func<Node, long, NoOpVerdict>>
    {
        ["Identity"] = (_, _) => NoOpVerdict.Yes,
        ["Dropout"] = Dropout,
        ["Cast"] = Cast,
        ["CastLike"] = (node, _) => CastLike(node),
        ["Reshape"] = NoOpShapes.Reshape,
        ["Flatten"] = (node, _) => NoOpShapes.Flatten(node),
        ["Squeeze"] = (node, _) => NoOpShapes.Squeeze(node),
        ["Transpose"] = (node, _) => NoOpShapes.Transpose(node),
        ["Expand"] = (node, _) => NoOpShapes.Expand(node),
        ["Gather"] = (node, _) => NoOpShapes.Gather(node),
        ["Tile"] = Tile,
        ["Pad"] = Pad,
        ["Slice"] = NoOpShapes.Slice,
        ["Resize"] = NoOpShapes.Resize,
        ["Upsample"] = NoOpShapes.Resize,
        ["Concat"] = (node, opset) => NoOpVerdict.From(node.Inputs is [{ } only] ? only : RejoinedParts.WholeOf(node, opset)),
        ["Sum"] = (node, _) => OneInput(node),
        ["Mean"] = (node, _) => OneInput(node),
        ["Max"] = (node, _) => NoOpArithmetic.SameOperands(node),
        ["Min"] = (node, _) => NoOpArithmetic.SameOperands(node),
        ["Split"] = (node, _) => NoOpVerdict.When(node.Outputs.Count == 1),
        ["Add"] = (node, _) => NoOpArithmetic.Add(node),
        ["Sub"] = (node, _) => NoOpArithmetic.Sub(node),
        ["Mul"] = (node, _) => NoOpArithmetic.Mul(node),
        ["Div"] = (node, _) => NoOpArithmetic.DividedByOne(node),
        ["Pow"] = (node, _) => NoOpArithmetic.DividedByOne(node),
        ["And"] = (node, _) => NoOpArithmetic.And(node),
        ["Or"] = (node, _) => NoOpArithmetic.Or(node),
        ["Xor"] = (node, _) => NoOpArithmetic.Xor(node),
        ["Where"] = (node, _) => NoOpArithmetic.Where(node),
        ["Clip"] = NoOpArithmetic.Clip,
        ["Not"] = (node, _) => NoOpRepeats.Twice(node),
        ["Neg"] = (node, _) => NoOpRepeats.Twice(node),
        ["BitwiseNot"] = (node, _) => NoOpRepeats.Twice(node),
        ["Relu"] = (node, _) => NoOpRepeats.Again(node, "Relu"),
        ["Abs"] = (node, _) => NoOpRepeats.Again(node, "Abs"),
        ["Sign"] = (node, _) => NoOpRepeats.Again(node, "Sign"),
        ["Floor"] = (node, _) => NoOpRepeats.Again(node, "Floor", "Ceil", "Round"),
        ["Ceil"] = (node, _) => NoOpRepeats.Again(node, "Floor", "Ceil", "Round"),
        ["Round"] = (node, _) => NoOpRepeats.Again(node, "Floor", "Ceil", "Round"),
        ["ReduceMax"] = (node, _) => NoOpRepeats.ReductionOfOne(node),
        ["ReduceMin"] = (node, _) => NoOpRepeats.ReductionOfOne(node),
        ["ReduceSum"] = (node, _) => NoOpRepeats.ReductionOfOne(node),
        ["ReduceMean"] = (node, _) => NoOpRepeats.ReductionOfOne(node),
        ["ReduceProd"] = (node, _) => NoOpRepeats.ReductionOfOne(node),
    }.ToFrozenDictionary();

    public static IReadOnlySet<string> Operators { get; } = Rules.Keys.ToFrozenSet();

    public static NoOpVerdict Judge(Node node, long opset) => Rules[node.OpType](node, opset);

    /// <summary>Up to opset 6 an attribute tells testing from training, from 12 on an input does; in between it never drops anything.</summary>
    private static NoOpVerdict Dropout(Node node, long opset)
    {
        if (opset < 7)
            return node.Attributes.GetInt("is_test", 0) != 0 ? NoOpVerdict.Yes : NoOpVerdict.Unsure("it is in training mode");
        if (opset < 12 || node.Input(2) is not { } training)
            return NoOpVerdict.Yes;
        return training.Constant switch
        {
            null => NoOpVerdict.Unsure($"'{training}' may turn training mode on"),
            var mode when mode.Bytes is [0] => NoOpVerdict.Yes,
            _ => NoOpVerdict.Unsure("it is in training mode"),
        };
    }

    private static NoOpVerdict Cast(Node node, long opset)
    {
        // Before opset 6 the type was a name.
        if (opset < 6 || node.Attributes.TryGetInt("to") is not { } to)
            return NoOpVerdict.No;
        return node.Input(0)?.Type is { } type ? NoOpVerdict.When((long)type.ElementType == to) : NoOpVerdict.Unsure("its input's type is unknown");
    }

    private static NoOpVerdict CastLike(Node node) =>
        NoOpVerdict.When(node.Input(0)?.Type?.ElementType is { } type && type == node.Input(1)?.Type?.ElementType);

    private static NoOpVerdict Tile(Node node, long opset) =>
        NoOpVerdict.When(opset >= 6 && node.Input(1)?.Constant is { } repeats && repeats.AsInt64s().All(count => count == 1));

    private static NoOpVerdict Pad(Node node, long opset) =>
        NoOpVerdict.When(Operands.Int64s(node, "pads", 1, isInput: opset >= 11) is { } pads && pads.All(pad => pad == 0));

    private static NoOpVerdict OneInput(Node node) => NoOpVerdict.When(node.Inputs.Count == 1);
}
