using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Pad by constant numbers for every axis.</summary>
internal sealed class PadLayout : LayoutRule
{
    public override IEnumerable<int> Moving(Node node) => [0];

    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) => PadsOperand.Of(node, opset)?.Length == 2 * order.Length;

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        var pads = PadsOperand.Of(node, opset)!;
        var moved = new long[pads.Length];
        for (var axis = 0; axis < order.Length; axis++)
            (moved[order[axis]], moved[order[axis] + order.Length]) = (pads[axis], pads[axis + order.Length]);
        PadsOperand.Set(node, moved, opset);
    }
}
