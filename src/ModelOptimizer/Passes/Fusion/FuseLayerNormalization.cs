using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces layer normalization over the last axes, spelled out with means, by one operator.
/// <code>
/// d = x - ReduceMean(x)
/// d / Sqrt(ReduceMean(d²) + epsilon) · scale + bias  =>  LayerNormalization(x, scale, bias)
/// </code>
/// d² may be a Pow or a product, the division a product with a reciprocal; scale and bias may be missing; TensorFlow's
/// <c>x · g + (bias - mean · g)</c> with <c>g = scale / √…</c> is understood too. Written from opset 17 on, or at any opset under
/// <c>format: contrib</c>, since ONNX Runtime has had the operator in the standard domain since version 1. (Ba, Kiros and Hinton, "Layer
/// Normalization", arXiv 1607.06450.)
/// </summary>
[Description("Replaces layer normalization, spelled out with means and a square root, by LayerNormalization.")]
public sealed class FuseLayerNormalization(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator LayerNormalization = new("LayerNormalization", 17, new OperatorName("LayerNormalization"));
    private static readonly Capture X = new();
    private static readonly Capture Epsilon = Capture.Number();
    private static readonly Capture Scale = Normalization.Parameter();
    private static readonly Capture Bias = Normalization.Parameter();
    private static readonly Pattern Mean = Reduction.Mean(X);
    private static readonly Pattern Deviation = X - Mean;
    private static readonly Pattern Variance = Reduction.Mean(Pattern.Square(Deviation)) + Epsilon;
    private static readonly Pattern Inverse = Pattern.ReciprocalSqrt(Variance);
    private static readonly Pattern Normalized = Deviation / Pattern.Sqrt(Variance) | Inverse * Deviation;
    private static readonly Pattern Gain = Inverse * Scale;
    private static readonly Pattern Scaled = Normalized * Scale | Gain * Deviation;

    private protected override Pattern Pattern { get; } =
        Scaled + Bias | X * Gain + (Bias - Mean * Gain) | Normalized + Bias | Scaled | Normalized;

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var (x, scale, bias) = (match[X], match.TryGet(Scale), match.TryGet(Bias));
        if (Normalization.TypeRefusal(x) is { } why)
            return Outcome.Refused(why);
        if (Reduction.FirstAxis(match, "ReduceMean", x.Type!.Shape?.Rank) is not { } axis || !match.KeepsShapeOf(x))
            return Outcome.Refused("its means are not known to be those over the last axes");
        if (new[] { scale, bias }.OfType<Value>().FirstOrDefault(parameter => !Normalization.Fits(parameter, x, axis)) is { } misfit)
            return Outcome.Refused($"'{misfit}' is not known to have the shape of the normalized axes");
        // A missing bias is written as zeros: ONNX Runtime 1.31 crashes where it fuses an Add with a normalization that has none.
        var (ones, zeros) = (Normalization.Filled(1, x, axis), Normalization.Filled(0, x, axis));
        if (ones is null && (scale is null || bias is null))
            return Outcome.Refused("it has no scale or no bias, and the length of the normalized axes is not fixed");
        return Replace(match, LayerNormalization, options.Format, context, graph =>
        [
            x,
            scale is null ? graph.AddConstant("scale", ones!) : Normalization.Trim(scale, axis, graph),
            bias is null ? graph.AddConstant("bias", zeros!) : Normalization.Trim(bias, axis, graph),
        ], node => { node.Attributes.Set("axis", (long)axis); node.Attributes.Set("epsilon", match.Number(Epsilon)); });
    }
}
