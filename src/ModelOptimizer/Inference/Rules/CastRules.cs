using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that change the element type, quantization included.</summary>
internal static class CastRules
{
    /// <summary>Before opset 6 the type was a name.</summary>
    public static void Cast(NodeTyping node)
    {
        var type = node.Node.Attributes.TryGetInt("to") is { } to ? (DataType)to
            : Enum.TryParse<DataType>(node.Node.Attributes.TryGetString("to"), ignoreCase: true, out var named) ? named : DataType.Undefined;
        To(node, type == DataType.Undefined ? null : type);
    }

    public static void CastLike(NodeTyping node) => To(node, node.ElementType(1));

    /// <summary>The zero point's type, else the one that an attribute names, else uint8.</summary>
    public static void QuantizeLinear(NodeTyping node)
    {
        var type = node.HasInput(2) ? node.ElementType(2) : (DataType)node.Attribute("output_dtype", (long)DataType.UInt8);
        node.Set(type == DataType.Undefined ? DataType.UInt8 : type, node.Shape(0));
    }

    /// <summary>The scale's type, unless an attribute names another (opset 23).</summary>
    public static void DequantizeLinear(NodeTyping node)
    {
        var named = (DataType)node.Attribute("output_dtype", 0);
        node.Set(named == DataType.Undefined ? node.ElementType(1) : named, node.Shape(0));
    }

    public static void DynamicQuantizeLinear(NodeTyping node)
    {
        node.Set(0, DataType.UInt8, node.Shape(0));
        node.Set(1, DataType.Float, Shape.Scalar);
        node.Set(2, DataType.UInt8, Shape.Scalar);
    }

    private static void To(NodeTyping node, DataType? type)
    {
        node.Set(type, node.Shape(0));
        var elements = node.Elements(0) ?? FloatMin.Elements(node);
        node.SetElements(type == DataType.Bool ? elements?.Select(element => IsNotZero(node.Symbols, element)) : elements);
    }

    private static Dimension IsNotZero(SymbolTable symbols, Dimension element) => ElementMath.Not(symbols, ElementMath.Not(symbols, element));
}
