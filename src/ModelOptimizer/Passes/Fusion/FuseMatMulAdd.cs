using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes a Gemm of a product of two matrices and a constant term.
/// <code>
/// Add(MatMul(a, b), c)  =>  Gemm(a, b, c)
/// </code>
/// Products of more axes stay: a Gemm between two Reshapes is one node more.
/// </summary>
[Description("Makes a Gemm of a product of two matrices and a constant term.")]
public sealed class FuseMatMulAdd : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Add", "Sub" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var product = node.Inputs.Select(input => input?.Producer).FirstOrDefault(producer => producer?.Is("MatMul") == true);
        if (product is null || product.Graph != node.Graph)
            return Outcome.Done;
        if (context.Opset(node.Graph!) < ConstantOperand.BroadcastOpset || !product.Inputs.All(WeightArithmetic.IsMatrix))
            return Outcome.Done;
        if (node.Inputs.FirstOrDefault(input => input?.IsOverridable == true) is { } fed)
            return Outcome.Refused($"'{fed}' may be fed by callers");
        if (ConstantOperand.Of(node) is not { } term)
            return Outcome.Done;
        if (term.Data.Uses.Count > 1)
            return Outcome.Refused($"'{term.Data}' has other readers");
        if (!Array.TrueForAll(term.Tensor.ToDoubles(), double.IsFinite))
            return Outcome.Refused("its constant is not finite");
        if (!Fits(term.Tensor, product.Output().Type?.Shape))
            return Outcome.Refused("its constant may widen the product, which a Gemm's bias can't");
        return Fuse(term, product, context);
    }

    private static Outcome Fuse(ConstantOperand term, Node product, PassContext context)
    {
        var (node, negated) = (term.Node, term.Node.Is("Sub"));
        if (negated && term.DataIndex == 1)
            return Outcome.Refused("the product itself is subtracted");
        if (!context.Rewriting("fuse MatMul and " + node.OpType, node))
            return Outcome.Done;
        var bias = negated ? term.Constant.Graph.AddConstant(term.Constant.Name, Negate(term.Tensor)) : term.Constant;
        // At the place of the Add, before which everything stands that it reads.
        var gemm = node.Graph!.Insert(node, "Gemm", [product.Input(0), product.Input(1), bias], name: product.Name);
        gemm.Output().Type = node.Output().Type;
        node.ReplaceWith(gemm.Output());
        product.Remove();
        return Outcome.Done;
    }

    private static Tensor Negate(Tensor tensor)
    {
        var negative = Array.ConvertAll(tensor.ToDoubles(), element => -element);
        return WeightArithmetic.Round(tensor.ElementType, tensor.Dimensions.AsSpan(), negative).Tensor!;
    }

    /// <summary>Whether the term spreads over the product and not the other way round.</summary>
    private static bool Fits(Tensor term, Shape? product)
    {
        var lengths = term.Dimensions;
        return product is { Rank: 2 } && lengths.Length <= 2
            && lengths.Select((length, i) => length == 1 || length == product[2 - lengths.Length + i].Value).All(fits => fits);
    }
}
