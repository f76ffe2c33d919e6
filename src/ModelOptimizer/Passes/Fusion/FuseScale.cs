using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant scalar factor or divisor into weights that it reaches through a bias and through nodes that only move data: exporters
/// scale the queries of attention so.
/// <code>
/// Mul(Transpose(Reshape(Add(MatMul(x, W), b))), c)  =>  Transpose(Reshape(Add(MatMul(x, W · c), b · c)))
/// </code>
/// </summary>
[Description("Folds a constant scalar factor into the weights that it reaches through a bias, Reshape and Transpose.")]
public sealed class FuseScale : NodeRewrite
{
    /// <summary>Nodes between weights and factor that are looked through, at most.</summary>
    private const int MaxSteps = 8;

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Mul", "Div" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) < ConstantOperand.BroadcastOpset || ConstantOperand.Of(node) is not { Tensor.ElementCount: 1 } scale)
            return Outcome.Done;
        if (!WeightArithmetic.Handles(scale.Tensor.ElementType))
            return Outcome.Done;
        if (ChannelAffine.OfConstant(scale, scale.Tensor.ToDoubles()) is not { } factor)
            return Outcome.Done;
        var (terms, target) = Walk(scale.Data, node.Graph!);
        if (target is null)
            return Outcome.Done;
        var rank = scale.Tensor.Dimensions.Length;
        if (rank > 0 && !(scale.Data.Type?.Shape?.Rank >= rank))
            return Outcome.Refused("its constant may add axes to the data");
        return Fold(new(node, scale.DataIndex, target, factor, FoldSide.Output), terms, context);
    }

    private static Outcome Fold(WeightFold fold, List<ConstantOperand> terms, PassContext context)
    {
        if (!fold.Affine.IsFinite)
            return Outcome.Refused("its factor is not finite");
        if (fold.Into.Weight.Uses.Count > 1)
            return Outcome.Refused($"the weight '{fold.Into.Weight}' has other readers, so that a second copy would be stored");
        var weight = fold.Weight();
        var bias = fold.ChangesBias ? fold.Bias() : default;
        var scaled = terms.ConvertAll(term => Scale(term.Tensor, fold.Affine.Scale[0]));
        if (scaled.Append(weight).Append(bias).FirstOrDefault(tensor => tensor.Refusal is not null) is { Refusal: { } why })
            return Outcome.Refused(why);
        if (!context.Rewriting($"fold {fold.Folded.OpType} into {fold.Into.Node.OpType} some steps before", fold.Folded))
            return Outcome.Done;
        var released = fold.Constants.Concat(terms.Select(term => term.Constant)).ToList();
        foreach (var (term, tensor) in terms.Zip(scaled))
            term.Node.SetInput(1 - term.DataIndex, term.Constant.Graph.AddConstant(term.Constant.Name, tensor.Tensor!));
        var old = fold.Into.Weight;
        var newBias = bias.Tensor is { } content ? old.Graph.AddConstant($"{old}_bias", content) : null;
        fold.Apply(old.Graph.AddConstant(old.Name, weight.Tensor!), newBias);
        ConstantValues.RemoveUnused(released);
        return Outcome.Done;
    }

    private static RoundedTensor Scale(Tensor term, double factor) =>
        WeightArithmetic.Round(term.ElementType, term.Dimensions.AsSpan(), Array.ConvertAll(term.ToDoubles(), element => element * factor));

    /// <summary>Goes back along nodes that nobody else reads, to weights; collects the terms added on the way.</summary>
    private static (List<ConstantOperand> Terms, WeightedNode? Target) Walk(Value data, Graph graph)
    {
        var terms = new List<ConstantOperand>();
        for (var step = 0; step <= MaxSteps && data is { Uses.Count: 1, Producer: { } node } && node.Graph == graph; step++)
        {
            // Beside the weights, other passes do it, also for factors per channel.
            if (node.Is("MatMul", "Gemm", "Conv", "ConvTranspose"))
                return (terms, step > 0 && !node.Attributes.HasReferences ? WeightedNode.Of(node).Node : null);
            if (node.Is("Add", "Sub") && ConstantOperand.Of(node) is { } term && WeightArithmetic.Handles(term.Tensor.ElementType))
                terms.Add(term);
            else if (!node.Is("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity"))
                break;
            data = terms is [.., var last] && last.Node == node ? last.Data : node.Input(0)!;
        }
        return (terms, null);
    }
}
