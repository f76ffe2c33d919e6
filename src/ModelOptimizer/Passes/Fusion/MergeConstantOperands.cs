using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one operation of two that follow each other with constants: factors and divisors, or terms.
/// <code>
/// Div(Mul(x, c1), c2)  =>  Mul(x, c1 / c2)
/// Sub(Add(x, c1), c2)  =>  Add(x, c1 − c2)
/// </code>
/// </summary>
[Description("Makes one operation of two that follow each other with constant factors, or constant terms.")]
public sealed class MergeConstantOperands : NodeRewrite
{
    /// <summary>Terms that cancel by more than this round on purpose, as in (x + 2²³) − 2²³.</summary>
    private const double MaxCancellation = 1e3;

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Add", "Sub", "Mul", "Div" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var opset = context.Opset(node.Graph!);
        if (opset < ConstantOperand.BroadcastOpset || ConstantOperand.Of(node) is not { } second)
            return Outcome.Done;
        if (second.Data.Producer is not { } producer || producer.Graph != node.Graph || IsProduct(producer) != IsProduct(node))
            return Outcome.Done;
        if (ConstantOperand.Of(producer) is not { } first)
            return Outcome.Done;
        if (first.Tensor.ElementCount == 0 || second.Tensor.ElementCount == 0)
            return Outcome.Done;
        if (!WeightArithmetic.Handles(first.Tensor.ElementType) || Affine(first) is not { } before || Affine(second) is not { } after)
            return Outcome.Done;
        if (Guard(first, second, opset) is { } why)
            return Outcome.Refused(why);
        return Merge(first, second, Compose(before, after), context);
    }

    private static Outcome Merge(ConstantOperand first, ConstantOperand second, ChannelAffine both, PassContext context)
    {
        var isProduct = IsProduct(second.Node);
        var isFirstWider = first.Tensor.ElementCount > 1 || first.Tensor.Dimensions.Length > second.Tensor.Dimensions.Length;
        var shape = isFirstWider ? first.Tensor : second.Tensor;
        var constant = WeightArithmetic.Round(shape.ElementType, shape.Dimensions.AsSpan(), isProduct ? both.Scale : both.Shift);
        if (constant.Tensor is null || (isProduct && Vanishes(constant.Tensor, both.Scale)))
            return Outcome.Refused("the merged constant is too large or too small for its type");
        if (!isProduct && Cancel(first, second, both.Shift))
            return Outcome.Refused("the terms cancel each other, perhaps to round");
        if (!context.Rewriting($"merge {first.Node.OpType} into {second.Node.OpType}", second.Node))
            return Outcome.Done;
        Replace(first, second, isNegated: both.Scale[0] < 0 && !isProduct, constant.Tensor);
        return Outcome.Done;
    }

    private static void Replace(ConstantOperand first, ConstantOperand second, bool isNegated, Tensor constant)
    {
        var node = second.Node;
        var value = second.Constant.Graph.AddConstant(second.Constant.Name, constant);
        var opType = IsProduct(node) ? "Mul" : isNegated ? "Sub" : "Add";
        var merged = node.Graph!.Insert(node, opType, isNegated ? [value, first.Data] : [first.Data, value], name: node.Name);
        merged.Output().Type = node.Output().Type;
        node.ReplaceWith(merged.Output());
        first.Node.Remove();
    }

    private static string? Guard(ConstantOperand first, ConstantOperand second, long opset)
    {
        if (second.Data.Uses.Count > 1)
            return $"'{second.Data}' has other readers";
        if (PatternGuard.Refusal(first.Node, first.Data, opset) is { } why)
            return why;
        if (!HaveOneShape(first.Tensor, second.Tensor))
            return "its constants have different shapes";
        Value[] constants = [first.Constant, second.Constant];
        var shared = constants.FirstOrDefault(value => value.Constant!.ElementCount > 1 && value.Uses.Count > 1);
        return shared is null ? null : $"'{shared}' has other readers, so that a second copy would be stored";
    }

    /// <summary>Equal shapes, or a single element beside one of no fewer axes.</summary>
    private static bool HaveOneShape(Tensor first, Tensor second) => first.Dimensions.SequenceEqual(second.Dimensions)
        || (first.ElementCount == 1 && (second.ElementCount == 1 || first.Dimensions.Length <= second.Dimensions.Length))
        || (second.ElementCount == 1 && second.Dimensions.Length <= first.Dimensions.Length);

    private static bool IsProduct(Node node) => node.Is("Mul", "Div");

    /// <summary>What it does; null for a node of another kind and for a divisor that is no factor.</summary>
    private static ChannelAffine? Affine(ConstantOperand operand) =>
        operand.Node.Is("Add", "Sub", "Mul", "Div") ? ChannelAffine.OfConstant(operand, operand.Tensor.ToDoubles()) : null;

    private static ChannelAffine Compose(ChannelAffine first, ChannelAffine second)
    {
        var moved = WeightArithmetic.Combine(first.Shift, second.Scale, (term, scale) => term * scale);
        var scale = WeightArithmetic.Combine(first.Scale, second.Scale, (a, b) => a * b);
        return new(scale, WeightArithmetic.Combine(moved, second.Shift, (a, b) => a + b));
    }

    private static bool Vanishes(Tensor rounded, double[] exact) =>
        rounded.ToDoubles().Where((element, i) => exact[i] != 0 && (element == 0 || !IsNormal(element, rounded.ElementType))).Any();

    private static bool IsNormal(double element, DataType type) => type switch
    {
        DataType.Float => float.IsNormal((float)element),
        DataType.Float16 => Half.IsNormal((Half)element),
        _ => double.IsNormal(element),
    };

    private static bool Cancel(ConstantOperand first, ConstantOperand second, double[] sums)
    {
        var (a, b) = (first.Tensor.ToDoubles(), second.Tensor.ToDoubles());
        return sums.Where((sum, i) => Math.Max(Math.Abs(a.At(i)), Math.Abs(b.At(i))) > MaxCancellation * Math.Abs(sum)).Any();
    }
}
