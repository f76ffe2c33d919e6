using System.ComponentModel;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces rotary position embedding, spelled out, by one operator.
/// <code>
/// x · cos + Concat(-x[size/2:], x[:size/2]) · sin  =>  RotaryEmbedding(x, cos[:size/2], sin[:size/2])
/// </code>
/// Heads that a transposition took apart are turned while they are still side by side, where the operator is faster and an attention behind
/// it fuses. Written as <c>RotaryEmbedding</c> from opset 23 on, else as <c>com.microsoft.RotaryEmbedding</c>. Under the runtime's full
/// optimization it takes a quarter to a half of the formula's time. (Su et al., "RoFormer", arXiv 2104.09864, section 3.2.2.)
/// </summary>
[Description("Replaces rotary position embedding, x · cos + rotated half · sin, by RotaryEmbedding.")]
public sealed class FuseRotaryEmbedding(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator RotaryEmbedding = new("RotaryEmbedding", 23, OperatorName.Microsoft("RotaryEmbedding"));
    private static readonly Capture X = new();
    private static readonly Capture Cos = new();
    private static readonly Capture Sin = new();
    private static readonly Pattern Turned = new OperatorPattern("Concat", [Pattern.Op("Neg", new HalfPattern(X, isSecond: true)), new HalfPattern(X, isSecond: false)])
    {
        Accepts = node => node.Attributes.GetInt("axis", 0) is -1 or 3,
    };

    // The turned half comes first: it tells which of the other factors is x.
    private protected override Pattern Pattern { get; } = Turned * Sin + X * Cos;

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var (x, cos, sin) = (match[X], match[Cos], match[Sin]);
        if (x.Type is not { ElementType: DataType.Float, Shape: { Rank: 4 } shape } || shape[1].Value is null || shape[3].Value is not { } size)
            return Outcome.Refused("it is not known to turn float heads of a fixed number and size");
        if (new[] { cos, sin }.FirstOrDefault(table => !Fits(table, shape)) is { } misfit)
            return Outcome.Refused($"'{misfit}' is not known to hold one row for each position");
        if (new[] { cos, sin }.FirstOrDefault(table => !RotaryTable.HasEqualHalves(table)) is { } uneven)
            return Outcome.Refused($"the two halves of '{uneven}' are not known to be equal");
        var isStandard = context.Opset(match.Graph) >= RotaryEmbedding.Since;
        if (!isStandard && new[] { cos, sin }.FirstOrDefault(table => IsPerBatch(table)) is { } varying)
            return Outcome.Refused($"'{varying}' has rows for each batch element, which only RotaryEmbedding of opset {RotaryEmbedding.Since} takes");
        var operation = new RotaryOperands(match.Root, isStandard, size);
        return Replace(match, RotaryEmbedding, options.Format, context, _ => operation.Inputs(x, cos, sin), operation.Complete, operation.Result);
    }

    /// <summary>Whether a table is <c>[length, size]</c> or <c>[1 or batch, 1, length, size]</c>.</summary>
    private static bool Fits(Value table, Shape x) =>
        table.Type is { ElementType: DataType.Float, Shape: { Rank: 2 or 3 or 4 } shape }
        && Lengths.AreEqual(shape[-1], x[3])
        && Lengths.AreEqualIfTheyFit(shape[-2], x[2])
        && (shape.Rank < 3 || shape[-3].Value == 1)
        && (shape.Rank < 4 || shape[0].Value == 1 || Lengths.AreEqual(shape[0], x[0]));

    private static bool IsPerBatch(Value table) => table.Type!.Shape is { Rank: 4 } shape && shape[0].Value != 1;
}
