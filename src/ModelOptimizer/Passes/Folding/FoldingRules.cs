using System.Collections.Frozen;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>What is never folded although its inputs are constant, in the order in which the reasons are given.</summary>
internal static class FoldingRules
{
    private static readonly FrozenSet<string> Quantization = FrozenSet.Create("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear");

    /// <summary>Results beyond this many bytes are not even computed, unless what they are made of is as large.</summary>
    private const double LargestResult = 256 << 20;

    /// <summary>The reason to leave the node alone; null when it may be folded.</summary>
    public static string? Refusal(Node node)
    {
        if (node.Bodies.Count > 0)
            return "it carries bodies";
        if (node.Domain.Length > 0)
            return $"operators of domain '{node.Domain}' are not evaluated";
        if (!OperatorCatalog.IsDeterministic(node))
            return "it is not deterministic";
        if (node.Attributes.HasReferences)
            return "an attribute comes from the function's caller";
        if (Quantization.Contains(node.OpType))
            return "folding would undo the quantization";
        if (node.Is("Cast") && node.Input(0)?.Constant is { } narrow && IsStorage(narrow))
            return $"folding would undo the storage as {narrow.ElementType.ToOnnxName()}";
        var result = Bytes(node.Outputs);
        if (result > LargestResult && result > Bytes(node.Inputs))
            return $"its result would take {new ByteSize((long)result)}";
        return null;
    }

    /// <summary>What the values take as far as their types are known. A shape may be absurd, so this counts in floating point.</summary>
    private static double Bytes(IEnumerable<Value?> values) => values
        .Select(value => value?.Type)
        .Sum(type => type?.Shape is { IsStatic: true } shape
            ? shape.Dimensions.Aggregate(type.ElementType.BitWidth() / 8.0, (product, axis) => product * axis.Value!.Value)
            : 0);

    /// <summary>A tensor in a narrow type that only serves to keep the file small; shapes and flags are never of these types.</summary>
    private static bool IsStorage(Tensor tensor) => tensor.ElementCount > 1 && tensor.ElementType is not DataType.Bool && tensor.ElementType.BitWidth() is > 0 and <= 16;
}
