using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// A table of cosines or sines as exporters lay it out: one number for each element of a head, the second half a repetition of the first.
/// The operator wants one half.
/// </summary>
internal static class RotaryTable
{
    private const int DeepestTrace = 8;

    /// <summary>Whether the halves of the last axis are proven equal: in a constant, or where one value was joined to itself.</summary>
    public static bool HasEqualHalves(Value table) => HasEqualHalves(table, DeepestTrace);

    private static bool HasEqualHalves(Value table, int depth)
    {
        if (table.Constant is { } constant)
            return HasEqualHalves(constant);
        if (depth == 0 || table.Producer is not { } node || table.Type?.Shape?.Rank is not { } rank)
            return false;
        return node.Is("Concat") && IsLast(node.Attributes.GetInt("axis", 0), rank) && node.Inputs is [{ } left, { } right]
            ? left == right
            : KeepsLastAxis(node, rank) && HasEqualHalves(node.Input(0)!, depth - 1);
    }

    private static bool HasEqualHalves(Tensor table)
    {
        if (table.ElementType != DataType.Float || table.Dimensions is not [.., > 0 and var width] || width % 2 != 0)
            return false;
        var elements = table.AsSpan<float>();
        var half = (int)width / 2;
        for (var row = 0; row < elements.Length; row += 2 * half)
            if (!elements.Slice(row, half).SequenceEqual(elements.Slice(row + half, half)))
                return false;
        return true;
    }

    /// <summary>Whether equal halves of the first input make equal halves of the output.</summary>
    private static bool KeepsLastAxis(Node node, int rank) => node.OpType switch
    {
        _ when node.Domain.Length > 0 || node.Input(0)?.Type?.Shape is null => false,
        "Cos" or "Sin" or "Cast" or "Identity" => true,
        "Mul" or "Div" => node.Input(1)?.Constant is { ElementCount: 1 } && node.Input(0)!.Type!.Shape!.Rank == rank,
        "Slice" => node.Input(3)?.Constant?.AsInt64s().All(axis => !IsLast(axis, rank)) == true,
        "Gather" => IsBeforeLast(node.Attributes.GetInt("axis", 0), node.Input(0)!.Type!.Shape!.Rank),
        "Unsqueeze" => Operands.Int64s(node, "axes", 1, node.Input(1) is not null)?.All(axis => !IsLast(axis, rank)) == true,
        "Squeeze" => Operands.Int64s(node, "axes", 1, node.Input(1) is not null)?.All(axis => !IsLast(axis, node.Input(0)!.Type!.Shape!.Rank)) == true,
        "Expand" => node.Input(0)!.Type!.Shape is { Rank: > 0 } shape && shape[-1].Value is { } width and not 1 && node.Output().Type?.Shape?[-1].Value == width,
        _ => false,
    };

    private static bool IsBeforeLast(long axis, int rank) => (axis < 0 ? axis + rank : axis) < rank - 1;

    private static bool IsLast(long axis, int rank) => axis == -1 || axis == rank - 1;
}
