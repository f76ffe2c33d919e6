using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Multiplies rows of several axes as they are, where a Gemm had them flattened into a matrix and unfolded again. What computed the shape to
/// unfold to goes, too. Exporters write every linear layer of GPT-2 so.
/// <code>
/// Reshape(Gemm(Reshape(x: [b,s,k], [-1,k]), w, c), [b,s,n])  =>  Add(MatMul(x, w), c)
/// </code>
/// </summary>
[Description("Multiplies rows of several axes as they are, where a Gemm had them flattened into a matrix and unfolded again.")]
public sealed class ReplaceFlattenedGemm : NodeRewrite
{
    /// <summary>The first opset whose Add broadcasts.</summary>
    private const long Broadcasts = 7;

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Gemm" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) < Broadcasts || node.Input(0)?.Producer is not { } flatten || !flatten.Is("Reshape", "Flatten"))
            return Outcome.Done;
        if (node.Output().Uses is not [{ User: var unfold }] || !unfold.Is("Reshape") || unfold.Graph != node.Graph)
            return Outcome.Done;
        if (!IsPlain(node))
            return Outcome.Refused("it scales or transposes");
        if (!KeepsRows(flatten.Input(0)!.Type?.Shape, node, unfold.Output().Type?.Shape))
            return Outcome.Refused("the rows may not be those of the shapes before and after it");
        if (node.Input(2) is { } bias && bias.Type?.Shape is not ({ Rank: <= 1 } or { Rank: 2, Dimensions: [{ Value: 1 }, ..] }))
            return Outcome.Refused("its bias may differ from row to row");
        if (context.Rewriting($"multiply what {flatten} flattened", node))
            Replace(flatten, node, unfold);
        return Outcome.Done;
    }

    private static bool IsPlain(Node gemm) =>
        gemm.Attributes.GetFloat("alpha", 1) == 1 && gemm.Attributes.GetFloat("beta", 1) == 1
        && gemm.Attributes.GetInt("transA", 0) == 0 && gemm.Attributes.GetInt("transB", 0) == 0;

    /// <summary>All axes but the last are the same before and after; the last is that of the matrices.</summary>
    private static bool KeepsRows(Shape? before, Node gemm, Shape? after)
    {
        if (before is not { Rank: > 2 } || before.Rank != after?.Rank)
            return false;
        return IsLast(before, gemm.Input(0)!) && IsLast(after, gemm.Output())
            && before.Dimensions.SkipLast(1).Zip(after.Dimensions.SkipLast(1)).All(pair => BroadcastShapes.AreSame(pair.First, pair.Second));
    }

    private static bool IsLast(Shape shape, Value matrix) => matrix.Type?.Shape is { Rank: 2 } rows && rows[1].Value > 0 && shape[-1].Value == rows[1].Value;

    private static void Replace(Node flatten, Node gemm, Node unfold)
    {
        var graph = gemm.Graph!;
        var result = graph.Insert(gemm, "MatMul", [flatten.Input(0), gemm.Input(1)], name: gemm.Name).Output();
        if (unfold.Output().Type is { } type)
            result.Infer(type);
        if (gemm.Input(2) is { } bias)
            result = graph.Insert(gemm, "Add", [result, bias], name: unfold.Name).Output();
        result.TakePlaceOf(unfold);
        gemm.RemoveIfUnused();
        flatten.RemoveIfUnused();
    }
}
