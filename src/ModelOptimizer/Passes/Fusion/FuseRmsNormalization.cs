using System.ComponentModel;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces root-mean-square normalization over the last axes, spelled out, by one operator.
/// <code>
/// x / Sqrt(ReduceMean(x²) + epsilon) · scale  =>  RMSNormalization(x, scale)
/// </code>
/// Written from opset 23 on, else as ONNX Runtime's <c>SimplifiedLayerNormalization</c>. (Zhang and Sennrich, "Root Mean Square Layer
/// Normalization", arXiv 1910.07467.)
/// </summary>
[Description("Replaces root-mean-square normalization, spelled out, by RMSNormalization or SimplifiedLayerNormalization.")]
public sealed class FuseRmsNormalization(FuseOptions options) : PatternFusion
{
    // The runtime registers it in the standard domain.
    private static readonly FusedOperator RmsNormalization = new("RMSNormalization", 23, new OperatorName("SimplifiedLayerNormalization"));
    private static readonly Capture X = new();
    private static readonly Capture Epsilon = Capture.Number();
    private static readonly Capture Scale = Normalization.Parameter();
    private static readonly Capture Center = new();
    private static readonly Pattern Centered = Center - Reduction.Mean(Center);
    private static readonly Pattern MeanSquare = Reduction.Mean(Pattern.Square(X)) + Epsilon;
    private static readonly Pattern Inverse = Pattern.ReciprocalSqrt(MeanSquare);
    private static readonly Pattern Normalized = X / Pattern.Sqrt(MeanSquare) | Inverse * X;

    private protected override Pattern Pattern { get; } = Normalized * Scale | Inverse * Scale * X | Normalized;

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var (x, scale) = (match[X], match.TryGet(Scale));
        if (Centered.Match(x, match).Any())
            return Outcome.Done; // layer normalization, whose own pass has told what hinders it
        if (Normalization.TypeRefusal(x) is { } why)
            return Outcome.Refused(why);
        if (Reduction.FirstAxis(match, "ReduceMean", x.Type!.Shape?.Rank) is not { } axis || !match.KeepsShapeOf(x))
            return Outcome.Refused("its mean is not known to be that over the last axes");
        if (scale is not null && !Normalization.Fits(scale, x, axis))
            return Outcome.Refused($"'{scale}' is not known to have the shape of the normalized axes");
        var ones = scale is null ? Normalization.Filled(1, x, axis) : null;
        if (scale is null && ones is null)
            return Outcome.Refused("it has no scale, and the length of the normalized axes is not fixed");
        return Replace(match, RmsNormalization, options.Format, context,
            graph => [x, scale is null ? graph.AddConstant("scale", ones!) : Normalization.Trim(scale, axis, graph)],
            node => { node.Attributes.Set("axis", (long)axis); node.Attributes.Set("epsilon", match.Number(Epsilon)); });
    }
}
