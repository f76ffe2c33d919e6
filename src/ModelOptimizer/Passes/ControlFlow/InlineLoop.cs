using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Puts the body in the place of a Loop that takes exactly one step, and what it starts from in the place of one that takes none.
/// <code>
/// y, ys = Loop(1, true, x) { (i, c, x) -> (c, Add(x, i), Neg(x)) }  =>  y = Add(x, 0); ys = Unsqueeze(Neg(x), 0)
/// </code>
/// </summary>
[Description("Puts the body in the place of a Loop that takes exactly one step, and its start in the place of one that takes none.")]
public sealed class InlineLoop : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Loop" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (LoopSlots.Of(node, context.Opset(node.Graph!)) is not { } slots)
            return Outcome.Done;
        return Steps(node, slots) switch
        {
            0 => Skip(node, slots, context),
            1 => TakeOnce(node, slots, context),
            _ => Outcome.Done,
        };
    }

    /// <summary>How many steps it takes: 0, 1, or null when there may be more.</summary>
    private static int? Steps(Node loop, LoopSlots slots)
    {
        var starts = loop.Input(1) is { } condition ? KnownCondition.In(loop.Graph!, condition) : true;
        var trips = loop.Input(0) is not { } count ? long.MaxValue : count.Constant is { ElementCount: 1 } constant ? constant.AsInt64s()[0] : (long?)null;
        if (starts == false || trips <= 0)
            return 0;
        if (starts is null || trips is null)
            return null;
        return trips == 1 || KnownCondition.In(slots.Body, slots.Condition!) == false ? 1 : null;
    }

    private static Outcome Skip(Node node, LoopSlots slots, PassContext context)
    {
        var nothing = Enumerable.Range(slots.Carried, slots.Count - slots.Carried).Where(slots.IsUsed).ToDictionary(slot => slot, slot => Empty(slots.Result(slot).Type));
        if (nothing.ContainsValue(null))
            return Outcome.Refused("it takes no step, but the shape of what it collects is not known");
        if (!context.Rewriting("remove a Loop that takes no step", node))
            return Outcome.Done;
        for (var slot = 0; slot < slots.Count; slot++)
            if (slots.IsUsed(slot))
                Inlining.ReplaceOutput(node.Output(slot), slot < slots.Carried ? slots.Initial(slot) : node.Graph!.AddConstant(node.Output(slot).Name, nothing[slot]!));
        node.Remove();
        return Outcome.Done;
    }

    /// <summary>What is collected in no step: one axis of length 0 before those of a step.</summary>
    private static Tensor? Empty(TensorType? step) => step is { Shape: { IsStatic: true } shape } && step.ElementType.BitWidth() >= 8
        ? Tensor.Create(step.ElementType, [0, .. shape.Dimensions.Select(axis => axis.Value!.Value)], Array.Empty<byte>())
        : null;

    private static Outcome TakeOnce(Node node, LoopSlots slots, PassContext context)
    {
        if (!context.Rewriting("inline the body of a Loop that takes one step", node))
            return Outcome.Done;
        var (graph, opset, inputs) = (node.Graph!, context.Opset(node.Graph!), slots.Body.Inputs);
        Value[] arguments =
        [
            Known(inputs[0], shape => Tensor.Create(shape, 0L)),
            Known(inputs[1], shape => Tensor.Create(DataType.Bool, shape, [true])),
            .. Enumerable.Range(0, slots.Carried).Select(slots.Initial),
        ];
        var carried = slots.Carried;
        var results = graph.InlineBody(slots.Body, arguments).Skip(1).ToList();
        for (var slot = 0; slot < node.Outputs.Count; slot++)
            if (slots.IsUsed(slot))
                Inlining.ReplaceOutput(node.Output(slot), slot < carried ? results[slot] : Inlining.WithAxis(node, results[slot], 0, opset));
        node.Remove();
        return Outcome.Done;

        // An input that nothing reads needs no constant.
        Value Known(Value formal, Func<long[], Tensor> create) =>
            formal.Uses.Count == 0 ? formal : graph.AddConstant(formal.Name, create(formal.Type?.Shape?.Rank == 1 ? [1] : []));
    }
}
