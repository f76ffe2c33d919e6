using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Floating-point operations of products and convolutions, two for each multiplication and addition, at the sizes of a usual run: a batch of one,
/// 64 positions, pictures of 224 × 224 where the model leaves them open.
/// </summary>
/// <param name="model">Types inferred.</param>
internal sealed class FlopCount(OnnxModel model)
{
    private readonly TypicalShapes _shapes = new(model);

    /// <summary>Of the whole model.</summary>
    public double Total => GraphWalker.Nodes(model).Sum(Of);

    /// <summary>Those that go with one unit, as long as no other group of the same layers has lost any.</summary>
    public double OfUnit(PruningGroup group)
    {
        // A depthwise convolution neither makes nor sums over channels, and yet computes for each.
        var weights = group.Constants.Where(axis => axis.Role != ChannelRole.Along || axis.Operand is { Reader.OpType: "Conv" or "ConvTranspose", Slot: 1 });
        return weights.Sum(axis => Share(axis.Operand.Reader!, axis))
            + group.Activations.Where(axis => IsBatchOfProduct(axis)).Sum(axis => Share(axis.Operand.Value.Producer!, axis));
    }

    private double Share(Node node, PrunedAxis axis) => Of(node) * axis.Places[0].Count / axis.Range.Count;

    /// <summary>Axes of products of activations that are neither rows nor columns: heads.</summary>
    private static bool IsBatchOfProduct(PrunedAxis axis) => axis.Operand is { Value.Producer: { OpType: "MatMul" } product, Rank: { } rank }
        && axis.Range.Axis < rank - 2 && product.Inputs.All(input => input?.Constant is null);

    /// <summary>Of one node; 0 for what is neither a product nor a convolution.</summary>
    public double Of(Node node) => 2 * _shapes.Elements(node.Outputs.Count > 0 && node.Outputs[0] is { } output ? output : node.Input(0)!) * Depth(node);

    /// <summary>Products that are summed up for one element.</summary>
    private double Depth(Node node) => node.OpType switch
    {
        "Conv" or "FusedConv" => Weight(node) is { } weight ? (double)weight.ElementCount / weight.Dimensions[0] : 0,
        "ConvTranspose" => Weight(node) is { } weight ? (double)weight.ElementCount / weight.Dimensions[1] / node.Attributes.GetInt("group", 1) : 0,
        "MatMul" or "FusedMatMul" => Columns(node, 0),
        "Gemm" or "FusedGemm" => Columns(node, node.Attributes.GetInt("transA", 0) != 0 ? 1 : 0),
        _ => 0,
    };

    private static Tensor? Weight(Node node) => node.Input(1)?.Constant;

    private double Columns(Node node, int fromEnd) => _shapes.Of(node.Input(0)!) is { Length: > 0 } lengths && lengths.Length > fromEnd ? lengths[^(1 + fromEnd)] : 0;
}
