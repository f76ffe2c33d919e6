using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The greatest or least along axes that are kept. Sums are not here: in another layout they add up in another order.</summary>
internal sealed class ReduceLayout : LayoutRule
{
    private const long AxesAsInput = 18;

    public override IEnumerable<int> Moving(Node node) => [0];

    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) =>
        node.Attributes.GetInt("keepdims", 1) == 1 && Axes(node, opset) is { Length: > 0 };

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        long[] axes = [.. Axes(node, opset)!.Select(axis => order[Resolve(axis, order)]).Order()];
        if (opset < AxesAsInput)
            node.Attributes.Set("axes", axes);
        else
            node.SetInput(1, node.Graph!.AddConstant("axes", Tensor.Create([axes.Length], axes)));
    }

    private static long[]? Axes(Node node, long opset) => Operands.Int64s(node, "axes", 1, opset >= AxesAsInput);
}
