using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Gives a layer normalization, spelled out, the scale of ones and the bias of zeros that it lacks: ONNX Runtime makes one operator of the
/// whole formula only, with both.
/// <code>
/// (x - mean) / Sqrt(variance + epsilon)  =>  (x - mean) / Sqrt(variance + epsilon) · ones + zeros
/// </code>
/// A scale or bias that is one number, or has leading axes of length one, becomes the vector that the runtime asks for. Only below opset 17,
/// which has an operator for the formula. A model that was never trained loses both when it is simplified, also when that happens after this
/// pass; others have none by design. Equal in every comparison: −0 + 0 is +0.
/// </summary>
[Description("Gives a spelled-out layer normalization the scale and bias that it lacks, so that the runtime knows it.")]
public sealed class CompleteLayerNormalization : NodeRewrite
{
    private const long OperatorOpset = 17;
    private static readonly Capture X = new();
    private static readonly Pattern Deviation = X - Reduction.Mean(X);
    private static readonly Pattern Variance = Reduction.Mean(Pattern.Op("Pow", Deviation, 2)) + Capture.Number();
    private static readonly Pattern Normalized = Deviation / Pattern.Op("Sqrt", Variance);

    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Div" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) is < ConstantOperand.BroadcastOpset or >= OperatorOpset)
            return Outcome.Done;
        if (Normalized.Match(node).FirstOrDefault() is not { } match || match[X] is not { Type: { ElementType: DataType.Float } type } x)
            return Outcome.Done;
        if (Reduction.FirstAxis(match, "ReduceMean", type.Shape?.Rank) is not -1 || !match.KeepsShapeOf(x))
            return Outcome.Refused("its means are not known to be those over the last axis");
        if (match.ReadElsewhere is { } value)
            return Outcome.Refused($"'{value}' within is read elsewhere too");
        if (Normalization.Filled(1, x, -1) is not { Dimensions: [> 1] } ones || Normalization.Filled(0, x, -1) is not { } zeros)
            return Outcome.Refused("the length of the normalized axis is not fixed, or is one, of which the runtime makes no operator");
        return Complete(node, type.Shape!.Rank, ones, zeros, context);
    }

    private static Outcome Complete(Node node, int rank, Tensor ones, Tensor zeros, PassContext context)
    {
        var length = ones.Dimensions[0];
        var scale = AppendedOperand.Of(node, "Mul", length, rank);
        var bias = AppendedOperand.Of(scale?.Reader ?? node, "Add", length, rank);
        if (scale is { IsVector: true } && bias is { IsVector: true } || !context.Rewriting("complete layer normalization", node))
            return Outcome.Done;
        scale?.BecomeVector(length);
        bias?.BecomeVector(length);
        var scaled = scale?.Reader ?? AppendedOperand.Append(node, "Mul", ones);
        if (bias is null)
            AppendedOperand.Append(scaled, "Add", zeros);
        return Outcome.Done;
    }
}
