using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Operators whose outputs consist of elements of some of their inputs, as they are.</summary>
internal static class DataMovement
{
    private static readonly FrozenSet<string> OfFirstInput = FrozenSet.Create(
        "Identity", "Expand", "Unsqueeze", "Squeeze", "Reshape", "Flatten", "Slice", "Transpose", "Tile", "Gather", "Split", "Trilu");

    /// <summary>True when elements of the input turn up in the output. Trilu puts zeros beside them.</summary>
    public static bool Moves(Node node, int input) => node.Is("Concat")
        || (node.Is("Where") && input > 0)
        || (node.Domain.Length == 0 && input == 0 && OfFirstInput.Contains(node.OpType));

    /// <summary>
    /// True when the node moves what others compute. One that picks from a constant, as a lookup in an embedding does, makes something.
    /// </summary>
    public static bool OnlyMoves(Node node) => Moved(node).Any(value => value.Constant is null);

    /// <summary>The inputs whose elements the node moves; empty for any other operator.</summary>
    public static IEnumerable<Value> Moved(Node node) => node.Inputs.Where((input, index) => input is not null && Moves(node, index)).Select(input => input!);
}
