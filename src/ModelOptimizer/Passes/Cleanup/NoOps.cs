using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Whether a node hands on its first input, with the reason when it almost does.</summary>
internal readonly record struct NoOpVerdict(bool IsNoOp, string? Reason)
{
    public static NoOpVerdict Yes => new(true, null);

    public static NoOpVerdict No => new(false, null);

    public static NoOpVerdict Unsure(string why) => new(false, why);

    public static NoOpVerdict When(bool isNoOp) => new(isNoOp, null);
}

/// <summary>When an operator does nothing, one rule each.</summary>
internal static class NoOps
{
    private static readonly FrozenDictionary<string, Func<Node, long, NoOpVerdict>> Rules = new Dictionary<string, Func<Node, long, NoOpVerdict>>
    {
        ["Identity"] = (_, _) => NoOpVerdict.Yes,
        ["Dropout"] = Dropout,
        ["Cast"] = Cast,
        ["Reshape"] = NoOpShapes.Reshape,
        ["Flatten"] = (node, _) => NoOpShapes.Flatten(node),
        ["Transpose"] = (node, _) => NoOpShapes.Transpose(node),
        ["Expand"] = (node, _) => NoOpShapes.Expand(node),
        ["Tile"] = Tile,
        ["Pad"] = Pad,
        ["Slice"] = NoOpShapes.Slice,
        ["Concat"] = (node, _) => OneInput(node),
        ["Sum"] = (node, _) => OneInput(node),
        ["Max"] = (node, _) => OneInput(node),
        ["Min"] = (node, _) => OneInput(node),
        ["Mean"] = (node, _) => OneInput(node),
        ["Split"] = (node, _) => NoOpVerdict.When(node.Outputs.Count == 1),
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

    private static NoOpVerdict Tile(Node node, long opset) =>
        NoOpVerdict.When(opset >= 6 && node.Input(1)?.Constant is { } repeats && repeats.AsInt64s().All(count => count == 1));

    private static NoOpVerdict Pad(Node node, long opset) =>
        NoOpVerdict.When(Operands.Int64s(node, "pads", 1, isInput: opset >= 11) is { } pads && pads.All(pad => pad == 0));

    private static NoOpVerdict OneInput(Node node) => NoOpVerdict.When(node.Inputs.Count == 1);
}
