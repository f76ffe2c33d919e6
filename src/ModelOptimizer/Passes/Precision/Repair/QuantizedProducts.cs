using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What became of the products of a model when it was quantized. Results are found by their names.</summary>
/// <param name="Found">Those that have 8-bit weights now, in the original's order, bodies and functions included.</param>
/// <param name="Unread">Those that are quantized in a form that can't be mended, each with the reason.</param>
internal sealed record QuantizedProducts(IReadOnlyList<QuantizedProduct> Found, IReadOnlyList<(Node Node, string Why)> Unread)
{
    private static readonly FrozenSet<string> IntegerOperators =
    [
        "MatMulNBits", "MatMulInteger", "MatMulIntegerToFloat", "ConvInteger", "DynamicQuantizeMatMul", "QLinearMatMul", "QLinearConv",
    ];

    /// <summary>Nodes between a product and its result: scales, a bias, a Cast.</summary>
    private const int Furthest = 4;

    public static QuantizedProducts Of(ValuePairs values)
    {
        var (found, unread) = (new List<QuantizedProduct>(), new List<(Node, string)>());
        foreach (var node in GraphWalker.Nodes(values.Original).Where(node => node.Is("Conv", "ConvTranspose", "Gemm", "MatMul")))
            if (node.Input(1)?.Constant is { ElementType: DataType.Float } && values.Now(node.Output()) is { Producer: { } producer } output)
            {
                if (WeightedNode.Of(node).Node is { } product && Find(product, producer, output) is { } quantized)
                    found.Add(quantized);
                else if (WhyUnread(producer, Furthest) is { } why)
                    unread.Add((producer, why));
            }
        return new(found, unread);
    }

    private static QuantizedProduct? Find(WeightedNode product, Node producer, Value output)
    {
        var factor = product.Alpha;
        if (product.Node.Attributes.HasReferences || Multiplier(producer, ref factor) is not var (multiplier, weight))
            return null;
        if (multiplier.Is("Gemm"))
            factor /= multiplier.Attributes.GetFloat("alpha", 1);
        return new(product, multiplier, output, weight, (float)factor);
    }

    /// <summary>Null where nothing is quantized.</summary>
    private static string? WhyUnread(Node node, int furthest)
    {
        if (IntegerOperators.Contains(node.OpType))
            return $"its weights are codes of a form of {node.OpType} that is not mended";
        if (node.Is("Conv", "ConvTranspose", "Gemm", "MatMul"))
            return node.Input(1)?.Producer is not { OpType: "DequantizeLinear" } ? null
                : node.Attributes.HasReferences ? "an attribute comes from the function's caller"
                : "its weights are codes of another width than 8 bits, or in blocks, which are not mended";
        return furthest > 0 && (node.Is("Add", "Mul", "Cast", "Reshape") || node.OpType == "DequantizeLinear")
            ? node.Inputs.Select(input => input?.Producer).OfType<Node>().Select(before => WhyUnread(before, furthest - 1))
                .FirstOrDefault(why => why is not null)
            : null;
    }

    /// <summary>Goes up from the result to what multiplies codes; a bias and Gemm's alpha may stand behind it.</summary>
    private static (Node, CodedWeight)? Multiplier(Node node, ref double factor)
    {
        if (node.Is("Conv", "ConvTranspose", "Gemm", "MatMul"))
            return Dequantized(node) is { } weight ? (node, weight) : null;
        if (node.OpType == "DynamicQuantizeMatMul")
            return Coded(node, 1, node.Input(2), node.Input(3), 1) is { } codes ? (node, codes) : null;
        if (node.Is("Mul") && ConstantOperand.Of(node) is null)
            return Scaled(node);
        if (!node.Is("Add", "Mul") || ConstantOperand.Of(node) is not { Data.Producer: { } before } operand)
            return null;
        if (node.Is("Mul") && operand.Tensor.ElementCount == 1)
            factor /= operand.Tensor.ToDoubles()[0];
        return Multiplier(before, ref factor);
    }

    /// <summary>Both scales behind the product of integers.</summary>
    private static (Node, CodedWeight)? Scaled(Node node)
    {
        if (node.Input(0)?.Producer is not { } cast || !cast.Is("Cast") || cast.Input(0)?.Producer is not { } product || !product.Is("MatMulInteger", "ConvInteger"))
            return null;
        var scales = node.Input(1)?.Producer?.Inputs.FirstOrDefault(input => input?.Constant is not null);
        return Coded(product, 1, scales, product.Input(3), product.Is("ConvInteger") ? 0 : 1) is { } weight ? (product, weight) : null;
    }

    private static CodedWeight? Dequantized(Node node)
    {
        if (node.Input(1)?.Producer is not { OpType: "DequantizeLinear" } dequantize || dequantize.Attributes.GetInt("block_size", 0) != 0)
            return null;
        var rank = dequantize.Input(0)?.Constant?.Dimensions.Length ?? 0;
        var axis = OperatorCatalog.ChannelAxis(node, 1, rank);
        var isPerChannel = dequantize.Input(1)?.Constant is { ElementCount: > 1 };
        return isPerChannel && Math.Abs(dequantize.Attributes.GetInt("axis", 1) - axis) % rank != 0
            ? null
            : Coded(dequantize, 0, dequantize.Input(1), dequantize.Input(2), axis);
    }

    private static CodedWeight? Coded(Node reader, int index, Value? scales, Value? zeroPoints, int axis)
    {
        if (reader.Input(index)?.Constant is not { ElementType: DataType.Int8 or DataType.UInt8 } codes || scales?.Constant is not { ElementType: DataType.Float } factors)
            return null;
        if (zeroPoints is not null && zeroPoints.Constant is null)
            return null;
        var points = zeroPoints is null ? new int[factors.ElementCount] : IntegerCodes.Read(zeroPoints.Constant!);
        return axis < codes.Dimensions.Length && points.Length == factors.ElementCount && (points.Length == 1 || points.Length == codes.Dimensions[axis])
            ? new(reader, index, factors.AsSpan<float>().ToArray(), points, axis)
            : null;
    }
}
