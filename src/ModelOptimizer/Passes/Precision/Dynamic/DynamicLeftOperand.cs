using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// The left operand of MatMul or Gemm. The integer kernels want weights on the right, so both operands trade places: W · X = (Xᵀ · Wᵀ)ᵀ.
/// </summary>
internal sealed class DynamicLeftOperand(OnnxModel model, DynamicProduct products) : DynamicForm(model)
{
    public override string Name => "MatMulInteger between Transposes";

    public override bool Reads(Use use) => use.User.Is("MatMul", "Gemm") && use.Index == 0;

    public override string? Refusal(IReadOnlyList<WeightCandidate> group, PassContext context)
    {
        var weight = group[0];
        if (weight.Uses.Select(use => IsTransposed(use.User)).Distinct().Count() > 1)
            return "some nodes read it transposed, others don't";
        return weight.Uses.All(use => use.User.Input(1)!.Type?.Shape?.Rank >= 2)
            ? null
            : "it is a left operand, and of what rank the activations beside it are is not known";
    }

    public override WeightMatrix Matrix(WeightCandidate weight) => IsTransposed(weight.Uses[0].User)
        ? new WeightMatrix(weight.Content, channelAxis: 1)
        : WeightMatrix.OfRows(weight.Content);

    private protected override DynamicConstants Store(DynamicPart part)
    {
        var (weight, quantized, _) = part;
        var dimensions = weight.Content.Dimensions.AsSpan();
        return IsTransposed(weight.Uses[0].User)
            ? Add(weight, MatrixStack.Codes(quantized, [dimensions[1], dimensions[0]]), MatrixStack.Scales(quantized, [], dimensions[1]))
            : Add(weight, MatrixStack.Codes(quantized, dimensions), MatrixStack.Scales(quantized, dimensions[..^2], dimensions[^2]));
    }

    private protected override void Replace(Node reader, IReadOnlyDictionary<Value, DynamicConstants> constants)
    {
        var (codes, scales) = constants[reader.Input(0)!];
        var right = reader.Input(1)!;
        var rank = right.Type!.Shape!.Rank;
        var activation = reader.Attributes.GetInt("transB", 0) != 0 ? right : Transpose(reader, right, rank, "right");
        var product = products.Multiply(reader, activation, codes, scales);
        GemmParts.Replace(Model, reader, Transpose(reader, product, Math.Max(rank, codes.Constant!.Dimensions.Length), "swap"));
    }

    private static Value Transpose(Node before, Value value, int rank, string name)
    {
        var transpose = before.Graph!.Insert(before, "Transpose", [value], name: $"{before.Name}_{name}");
        transpose.Attributes.Set("perm", [.. Enumerable.Range(0, rank - 2).Select(axis => (long)axis), rank - 1, rank - 2]);
        return transpose.Output();
    }

    private static bool IsTransposed(Node reader) => reader.Attributes.GetInt("transA", 0) != 0;
}
