using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>A weight of products or convolutions, seen as rows of what is summed up into one output.</summary>
/// <param name="Candidate">The weight.</param>
/// <param name="Matrix">Its rows.</param>
internal sealed record SparseWeight(WeightCandidate Candidate, WeightMatrix Matrix)
{
    /// <summary>The only layer that reads it, where data can tell what it is multiplied by.</summary>
    public RefitLayer? Layer => Candidate.OnlyUser is { } node && !node.Is("ConvTranspose")
        && RefitLayer.Of(node).Layer is { Depth: <= LayerRefit.MaxDepth } layer ? layer : null;

    /// <summary>Weights that may become zero, in order of declaration; others are refused with the reason.</summary>
    /// <param name="depthwise">Whether depthwise kernels are among them.</param>
    public static IEnumerable<SparseWeight> Find(OnnxModel model, NodeSelector selector, PassContext context, bool depthwise)
    {
        foreach (var weight in WeightCandidate.Find(model))
            if ((WeightGuards.Refusal(weight, selector, context.Opset(weight.Value.Graph)) ?? Refusal(weight, depthwise)) is { } why)
                context.RefuseWeight(weight.Name, weight.Content, why);
            else
                yield return new(weight, new WeightMatrix(weight.Content, WeightSlots.ChannelAxis(weight.Uses.First(WeightSlots.IsWeight), weight.Content.Dimensions.Length)));
    }

    private static string? Refusal(WeightCandidate weight, bool depthwise) => weight.Uses.FirstOrDefault(use => !IsProduct(use)) is { } other
        ? WeightSlots.IsLookup(other) ? "its rows are looked up, and none of them is all zeros" : $"{WeightSlots.Reader(other)} reads it otherwise than as a weight"
        : !depthwise && weight.Uses.Any(use => IsDepthwise(use.User, weight.Content))
            ? "a depthwise kernel has few weights for each output, and none of them can go without harm; 'depthwise: true' takes them, too"
            : null;

    /// <summary>Whether each output reads one channel only: nothing beside a weight could make up for it.</summary>
    private static bool IsDepthwise(Node node, Tensor kernel) => node.Is("Conv", "ConvTranspose")
        && node.Attributes.GetInt("group", 1) is > 1 and var groups && kernel.Dimensions[node.Is("Conv") ? 1 : 0] == (node.Is("Conv") ? 1 : groups);

    private static bool IsProduct(Use use) => use.User.Is("Conv", "ConvTranspose", "Gemm", "MatMul") && use.Index == 1;
}
