using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Slice by constant numbers.</summary>
internal sealed class SliceLayout : LayoutRule
{
    public override IEnumerable<int> Moving(Node node) => [0];

    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) => ConstantSlice.Of(node, opset) is not null;

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        var cuts = ConstantSlice.Of(node, opset)!;
        ConstantSlice.Set(node, [.. cuts.Select(cut => cut with { Axis = order[Resolve(cut.Axis, order)] })], opset);
    }
}
