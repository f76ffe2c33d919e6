using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets a Gemm read a matrix as it was before a Transpose. A MatMul of two matrices becomes a Gemm for it.
/// <code>
/// Gemm(a, Transpose(b), c)  =>  Gemm(a, b, c, transB = 1)
/// </code>
/// </summary>
[Description("Lets a Gemm or MatMul of matrices read a matrix as it was before a Transpose.")]
public sealed class FuseTransposeGemm : NodeRewrite
{
    /// <summary>Opset from which a Gemm needs no bias.</summary>
    private const long OptionalBiasOpset = 11;

    private static readonly string[] Flags = ["transA", "transB"];

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Gemm", "MatMul" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Is("MatMul") && (context.Opset(node.Graph!) < OptionalBiasOpset || !WeightArithmetic.IsMatrix(node.Input(0)) || !WeightArithmetic.IsMatrix(node.Input(1))))
            return Outcome.Done;
        var transposed = Enumerable.Range(0, 2).Where(index => Transposition(node, index) is not null).ToList();
        if (transposed is [])
            return Outcome.Done;
        if (transposed.Select(index => node.Input(index)!).FirstOrDefault(value => value.Uses.Count > 1) is { } shared)
            return Outcome.Refused($"'{shared}' has other readers");
        if (!context.Rewriting($"fold Transpose into {node.OpType}", node))
            return Outcome.Done;
        var gemm = node.Is("Gemm") ? node : ToGemm(node);
        foreach (var index in transposed)
            Toggle(gemm, index);
        return Outcome.Done;
    }

    private static Node? Transposition(Node node, int index) =>
        node.Input(index)?.Producer is { } producer && producer.Is("Transpose") && producer.Graph == node.Graph && IsSwap(producer)
            ? producer
            : null;

    private static bool IsSwap(Node transpose) => !transpose.Attributes.HasReferences
        && (transpose.Attributes.TryGetInts("perm") is { } order ? order is [1, 0] : WeightArithmetic.IsMatrix(transpose.Input(0)));

    private static void Toggle(Node gemm, int index)
    {
        var transpose = Transposition(gemm, index)!;
        gemm.SetInput(index, transpose.Input(0));
        transpose.Remove();
        gemm.Attributes.Set(Flags[index], gemm.Attributes.GetInt(Flags[index], 0) == 0 ? 1L : 0L);
    }

    private static Node ToGemm(Node matMul)
    {
        var gemm = matMul.Graph!.Insert(matMul, "Gemm", [matMul.Input(0), matMul.Input(1)], name: matMul.Name);
        gemm.Output().Type = matMul.Output().Type;
        matMul.ReplaceWith(gemm.Output());
        return gemm;
    }
}
