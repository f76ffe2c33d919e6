using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Along one axis, which an attribute names: Concat, Split, Softmax.</summary>
internal sealed class AxisLayout : LayoutRule
{
    /// <summary>The first opset whose Softmax works on one axis; before, it flattened all from there on.</summary>
    private const long SoftmaxOfOneAxis = 13;

    public override IEnumerable<int> Moving(Node node) =>
        node.Is("Concat") ? Enumerable.Range(0, node.Inputs.Count).Where(i => node.Input(i)?.Constant is null) : [0];

    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) => node.OpType switch
    {
        "Concat" => node.Attributes.Has("axis") && node.Inputs.OfType<Value>().All(input => input.Constant is not { } part
            || (part.Dimensions.Length == order.Length && TensorPermutation.CanPermute(input, order.Length))),
        "Split" => true,
        // Kernels work on the last axis; any other costs them a Transpose of their own.
        _ => opset >= SoftmaxOfOneAxis && order[Resolve(Axis(node), order)] == order.Length - 1,
    };

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        node.Attributes.Set("axis", order[Resolve(Axis(node), order)]);
        for (var i = 0; node.Is("Concat") && i < node.Inputs.Count; i++)
            if (node.Input(i) is { Constant: not null } constant)
                node.SetInput(i, constant.Permuted(order.Inverse(), node.Graph!));
    }

    private static long Axis(Node node) => node.Attributes.GetInt("axis", node.Is("Split") ? 0 : -1);
}
