using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that compute each element by itself: shapes stay, or are broadcast.</summary>
internal static class ElementwiseRules
{
    public static void Unary(NodeTyping node) => node.Set(node.ElementType(0), node.Shape(0));

    public static void Identity(NodeTyping node)
    {
        Unary(node);
        node.SetElements(node.Elements(0));
    }

    public static void Test(NodeTyping node) => node.Set(DataType.Bool, node.Shape(0));

    /// <summary>The mask is a bool from opset 10 on.</summary>
    public static void Dropout(NodeTyping node)
    {
        Identity(node);
        node.Set(1, node.Opset >= 10 ? DataType.Bool : node.ElementType(0), node.Shape(0));
    }

    /// <summary>Before opset 7 the second operand was fitted to the first.</summary>
    public static void Arithmetic(NodeTyping node) => node.Set(node.ElementType(0), Broadcast(node));

    public static void Comparison(NodeTyping node) => node.Set(DataType.Bool, Broadcast(node));

    public static void Variadic(NodeTyping node) =>
        node.Set(node.ElementType(0), ShapeMath.Broadcast(node.Symbols, Enumerable.Range(0, node.InputCount).Select(node.Shape)));

    public static void Where(NodeTyping node)
    {
        node.Set(node.ElementType(1) ?? node.ElementType(2), ShapeMath.Broadcast(node.Symbols, node.Shape(0), node.Shape(1), node.Shape(2)));
        node.SetElements(Combine(node, 3, picked => picked[0].Value switch
        {
            null => picked[1] == picked[2] ? picked[1] : Dimension.Unknown,
            0 => picked[2],
            _ => picked[1],
        }));
    }

    /// <summary>A rule that also follows the elements of small integer tensors.</summary>
    public static Action<NodeTyping> Following(Action<NodeTyping> types, Func<SymbolTable, Dimension, Dimension, Dimension> operation) => node =>
    {
        types(node);
        if (node.InputCount > 0)
            node.SetElements(Combine(node, node.InputCount, operands => operands.Skip(1).Aggregate(operands[0],
                (left, right) => operation(node.Symbols, left, right))));
    };

    /// <summary>The same for one operand.</summary>
    public static Action<NodeTyping> Following(Func<SymbolTable, Dimension, Dimension> operation) => node =>
    {
        Unary(node);
        node.SetElements(node.Elements(0)?.Select(element => operation(node.Symbols, element)));
    };

    private static Shape? Broadcast(NodeTyping node) =>
        node.Opset < 7 ? node.Shape(0) : ShapeMath.Broadcast(node.Symbols, node.Shape(0), node.Shape(1));

    /// <summary>Elements of broadcast vectors and scalars; null when they don't fit or are too many.</summary>
    private static IEnumerable<Dimension>? Combine(NodeTyping node, int inputs, Func<Dimension[], Dimension> operation)
    {
        var operands = new ImmutableArray<Dimension>[inputs];
        for (var i = 0; i < inputs; i++)
        {
            if (node.Elements(i) is not { } elements)
                return null;
            operands[i] = elements;
        }
        var count = operands.FirstOrDefault(elements => elements.Length != 1, operands[0]).Length;
        if (operands.Any(elements => elements.Length != 1 && elements.Length != count))
            return null;
        return Enumerable.Range(0, count).Select(i => operation([.. operands.Select(elements => elements[elements.Length == 1 ? 0 : i])]));
    }
}
