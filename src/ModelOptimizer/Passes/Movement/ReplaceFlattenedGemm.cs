using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Multiplies rows of several axes as they are, where a Gemm had them flattened into a matrix and unfolded again. What computed the shape to
/// unfold to goes, too. Exporters write every linear layer of GPT-2 so.
/// <code>
/// Reshape(Gemm(Reshape(x: [b,s,k], [-1,k]), w, c), [b,s,n])  =>  Add(MatMul(x, w), c)
/// </code>
/// Where x has other axes, such as heads to be joined, a Reshape stays; that still pays where the shape to unfold to was computed.
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
        if (RowsOf(node, unfold.Output().Type?.Shape) is not { } rows)
            return Outcome.Refused("it is unknown which rows the result has");
        if (!AreRows(flatten.Input(0)!, rows) && !(CanReshape(flatten, rows) && unfold.Input(1) is { Constant: null }))
            return Outcome.Refused("the rows may not be those of the shapes before and after it");
        if (node.Input(2) is { } bias && bias.Type?.Shape is not ({ Rank: <= 1 } or { Rank: 2, Dimensions: [{ Value: 1 }, ..] }))
            return Outcome.Refused("its bias may differ from row to row");
        if (context.Rewriting($"multiply what {flatten} flattened", node))
            Replace(flatten, node, unfold, rows);
        return Outcome.Done;
    }

    private static bool IsPlain(Node gemm) =>
        gemm.Attributes.GetFloat("alpha", 1) == 1 && gemm.Attributes.GetFloat("beta", 1) == 1
        && gemm.Attributes.GetInt("transA", 0) == 0 && gemm.Attributes.GetInt("transB", 0) == 0;

    /// <summary>What the Gemm multiplies, unfolded like its result; null when that is no matter of rows.</summary>
    private static Shape? RowsOf(Node gemm, Shape? result)
    {
        if (result is not { Rank: > 2 } || gemm.Input(0)!.Type?.Shape is not { Rank: 2 } rows || gemm.Output().Type?.Shape is not { Rank: 2 } products)
            return null;
        return rows[1].Value > 0 && products[1].Value > 0 && result[-1].Value == products[1].Value
            ? new Shape(result.Dimensions.SetItem(result.Rank - 1, rows[1]))
            : null;
    }

    private static bool AreRows(Value value, Shape rows) => value.Type?.Shape is { } shape && BroadcastShapes.AreSame(shape, rows);

    private static bool CanReshape(Node flatten, Shape rows) =>
        flatten.Output().Uses.Count == 1 && flatten.Input(0)!.Type?.Shape is { } shape && ReshapeTarget.For(shape, rows) is not null;

    private static void Replace(Node flatten, Node gemm, Node unfold, Shape rows)
    {
        var (graph, input) = (gemm.Graph!, flatten.Input(0)!);
        if (!AreRows(input, rows))
            input = Reshape(flatten, gemm, rows);
        var result = graph.Insert(gemm, "MatMul", [input, gemm.Input(1)], name: gemm.Name).Output();
        if (unfold.Output().Type is { } type)
            result.Infer(type);
        if (gemm.Input(2) is { } bias)
            result = graph.Insert(gemm, "Add", [result, bias], name: unfold.Name).Output();
        result.TakePlaceOf(unfold);
        gemm.RemoveIfUnused();
        flatten.RemoveIfUnused();
    }

    private static Value Reshape(Node flatten, Node gemm, Shape rows)
    {
        var target = ReshapeTarget.For(flatten.Input(0)!.Type!.Shape!, rows)!;
        var shape = gemm.Graph!.AddConstant("rows", Tensor.Create([target.Length], target));
        var reshaped = gemm.Graph.Insert(gemm, "Reshape", [flatten.Input(0), shape], name: flatten.Name).Output();
        reshaped.Infer(flatten.Output().Type! with { Shape = rows });
        return reshaped;
    }
}
