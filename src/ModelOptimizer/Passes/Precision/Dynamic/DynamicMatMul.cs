using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>The right operand of MatMul or Gemm: a matrix, or a stack of them.</summary>
internal sealed class DynamicMatMul(OnnxModel model, DynamicProduct products) : DynamicForm(model)
{
    /// <summary>Below this, quantizing a single row takes longer than multiplying it: measured 1.3 for 64 × 64.</summary>
    private const long WorthOneRow = 128 * 128;

    private const string UnknownRank = "it is a stack of matrices, and whether the activations are matrices, too, is not known";

    public override string Name => "MatMulInteger";

    public override bool Reads(Use use) => WeightSlots.IsProduct(use);

    public override string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context)
    {
        var weight = group[0];
        if (IsStack(weight))
            return StackRefusal(weight, [.. weight.Uses.Select(use => use.User.Input(0)!.Type?.Shape)]);
        return weight.Uses.Select(Axis).Distinct().Count() > 1 ? "some nodes read it transposed, others don't" : null;
    }

    public override WeightMatrix Matrix(WeightCandidate weight) => IsStack(weight)
        ? MatrixStack.Channels(weight.Content)
        : new WeightMatrix(weight.Content, Axis(weight.Uses[0]));

    private protected override DynamicConstants Store(DynamicPart part)
    {
        var (weight, quantized, _) = part;
        if (!IsStack(weight))
            return Add(weight, DequantizeLinearLayout.Codes(quantized, [quantized.Depth, quantized.Channels], channelAxis: 1), DequantizeLinearLayout.Scales(quantized, blocked: false));
        var dimensions = weight.Content.Dimensions.AsSpan();
        return Add(weight, MatrixStack.Codes(quantized, [.. dimensions[..^2], dimensions[^1], dimensions[^2]]), MatrixStack.Scales(quantized, dimensions[..^2], dimensions[^1]));
    }

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (codes, scales) = constants[reader.Input(1)!];
        products.Replace(reader, codes, scales);
    }

    private static string? StackRefusal(WeightCandidate weight, IReadOnlyList<Shape?> activations)
    {
        var dimensions = weight.Content.Dimensions;
        if (!activations.All(shape => shape?.Rank >= 2))
            return UnknownRank;
        return activations.All(shape => shape![-2].Value == 1) && dimensions[^1] * dimensions[^2] < WorthOneRow
            ? $"it is a stack of {dimensions[^2]} × {dimensions[^1]} matrices for one row each: quantizing that takes longer than multiplying it"
            : null;
    }

    private static bool IsStack(WeightCandidate weight) => weight.Content.Dimensions.Length > 2;

    private static int Axis(Use use) => WeightSlots.ChannelAxis(use, rank: 2);
}
