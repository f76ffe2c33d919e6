using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces a residual sum and the layer normalization behind it by ONNX Runtime's operator.
/// <code>
/// LayerNormalization(x + skip, scale, bias)  =>  com.microsoft.SkipLayerNormalization(x, skip, scale, bias)
/// </code>
/// A bias added to either of the two before goes along. Only under <c>format: contrib</c>, and only where a profile names the pass: the runtime
/// makes this fusion itself when it loads a model, so it changes the file and not the speed. Where the sum is read elsewhere too, as in pre-norm
/// Transformers, the runtime leaves the two alone, with good reason: on the CPU the fused operator takes 3.8 times as long then, and the one
/// for root-mean-square normalization 2.6 times. Neither is written.
/// </summary>
[Description("Replaces a residual Add and the LayerNormalization behind it by SkipLayerNormalization.")]
public sealed class FuseSkipLayerNormalization(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator SkipLayerNormalization =
        new("SkipLayerNormalization", FusedOperator.Never, OperatorName.Microsoft("SkipLayerNormalization"));

    private static readonly Capture X = new();
    private static readonly Capture Skip = new();
    private static readonly Capture Added = new(value => value.Type?.Shape?.Rank == 1);
    private static readonly Capture Scale = new();
    private static readonly Capture Bias = new();
    private static readonly Pattern Sum = (X + Added) + Skip | X + Skip;

    private protected override Pattern Pattern { get; } =
        Pattern.Op("LayerNormalization", Sum, Scale, Bias) | Pattern.Op("LayerNormalization", Sum, Scale);

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var (x, skip) = (match[X], match[Skip]);
        if (x.Type is not { ElementType: DataType.Float, Shape: { Rank: 3, IsKnown: true } shape } || !shape.Equals(skip.Type?.Shape))
            return Outcome.Refused("what it adds is not known to be float [batch, length, size] both times");
        if (match.Root.Attributes.GetInt("axis", -1) is not (-1 or 2) || match[Scale].Type?.Shape is not { Rank: 1 })
            return Outcome.Refused("it does not normalize the last axis alone");
        if (match.TryGet(Added) is { } added && !Lengths.AreEqual(added.Type!.Shape![0], shape[2]))
            return Outcome.Refused($"the bias '{added}' is not known to be as long as the last axis");
        Value?[] inputs = [x, skip, match[Scale], match.TryGet(Bias), .. match.TryGet(Added) is { } before ? new[] { before } : []];
        return Replace(match, SkipLayerNormalization, options.Format, context, _ => inputs,
            node => node.Attributes.Set("epsilon", match.Root.Attributes.GetFloat("epsilon", 1e-5f)));
    }
}
