using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Quantization and back: as a whole, or along the one axis that an attribute names.</summary>
internal sealed class QuantizationLayout : LayoutRule
{
    /// <summary>The first opset that quantizes along an axis, which is the second one unless it is named.</summary>
    private const long AlongAxis = 13;

    public override IEnumerable<int> Moving(Node node) => [0];

    /// <summary>Scales of blocks have the axes of the data, so that they would have to move, too.</summary>
    public override bool Commutes(Node node, ImmutableArray<long> order, long opset) =>
        node.Attributes.GetInt("block_size", 0) == 0 && (IsWhole(node, opset) || Axis(node) >= -order.Length && Axis(node) < order.Length);

    public override void Adapt(Node node, ImmutableArray<long> order, long opset)
    {
        if (!IsWhole(node, opset))
            node.Attributes.Set("axis", order[Resolve(Axis(node), order)]);
    }

    private static bool IsWhole(Node node, long opset) => opset < AlongAxis || node.Input(1)?.Type?.Shape?.ElementCount == 1;

    private static long Axis(Node node) => node.Attributes.GetInt("axis", 1);
}
