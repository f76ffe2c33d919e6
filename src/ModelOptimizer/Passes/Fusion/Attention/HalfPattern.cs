using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>The first or second half of a value along its last axis, cut out by Slice or Split.</summary>
internal sealed class HalfPattern(Pattern whole, bool isSecond) : Pattern
{
    public override IEnumerable<Match> Match(Value? value, Match match) =>
        value?.Producer is { } node && node.Graph == match.Root.Graph && IsHalf(node, value) ? whole.Match(node.Input(0), match.With(node)) : [];

    private bool IsHalf(Node node, Value half)
    {
        if (node.Input(0)?.Type?.Shape is not { Rank: > 0 } shape || shape[-1].Value is not (> 0 and var length) || length % 2 != 0)
            return false;
        return node.OpType switch
        {
            "Slice" => node.Is("Slice") && IsHalf(node, shape.Rank, length),
            "Split" => node.Is("Split") && IsLast(node.Attributes.GetInt("axis", 0), shape.Rank) && node.Outputs.Count == 2
                && node.Outputs[isSecond ? 1 : 0] == half && half.Type?.Shape?[-1].Value == length / 2,
            _ => false,
        };
    }

    private bool IsHalf(Node slice, int rank, long length)
    {
        var (starts, ends, axes) = (Number(slice, 1), Number(slice, 2), Number(slice, 3));
        if (starts is not { } start || ends is not { } end || axes is not { } axis || !IsLast(axis, rank) || (slice.Input(4) is not null && Number(slice, 4) != 1))
            return false;
        // Counted from the end, as x[..., -16:], and open ends, as x[..., 16:].
        var (from, to) = (start < 0 ? start + length : start, end < 0 ? end + length : Math.Min(end, length));
        return (from, to) == (isSecond ? (length / 2, length) : (0, length / 2));
    }

    private static long? Number(Node slice, int index) => slice.Input(index)?.Constant is { ElementCount: 1 } constant ? constant.AsInt64s()[0] : null;

    private static bool IsLast(long axis, int rank) => axis == -1 || axis == rank - 1;
}
