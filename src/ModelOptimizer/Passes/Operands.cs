using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Reads numbers that old opsets keep in attributes and new ones in constant inputs.</summary>
internal static class Operands
{
    /// <summary>The numbers, or null when they are left out or not constant.</summary>
    /// <param name="attribute">The attribute of old opsets.</param>
    /// <param name="index">The input of new opsets.</param>
    /// <param name="isInput">Whether the node's opset is a new one.</param>
    public static long[]? Int64s(Node node, string attribute, int index, bool isInput) =>
        isInput ? node.Input(index)?.Constant?.AsInt64s() : node.Attributes.TryGetInts(attribute)?.ToArray();

    /// <summary>The elements of an int64 or int32 tensor.</summary>
    public static long[] AsInt64s(this Tensor tensor) => tensor.ElementType == DataType.Int32
        ? [.. tensor.AsSpan<int>().ToArray().Select(element => (long)element)]
        : tensor.AsSpan<long>().ToArray();
}
