using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Finds out what became of the products of a model when it was quantized. Results are found by their names.</summary>
internal static class QuantizedProducts
{
    /// <summary>The products of the main graph that have integer weights now, in the original's order.</summary>
    public static IReadOnlyList<QuantizedProduct> Find(OnnxModel original, OnnxModel quantized)
    {
        var results = ByName(quantized);
        return [.. original.Graph.Nodes.Where(node => node.Is("Conv", "ConvTranspose", "Gemm", "MatMul")).Select(node => Find(node, results)).OfType<QuantizedProduct>()];
    }

    /// <summary>The values of the main graph by name; those of one name are left out.</summary>
    public static IReadOnlyDictionary<string, Value> ByName(OnnxModel model) =>
        model.Graph.MadeValues.Concat(model.Graph.Inputs).Distinct().GroupBy(value => value.Name).Where(group => group.Count() == 1).ToDictionary(group => group.Key, group => group.First());

    private static QuantizedProduct? Find(Node node, IReadOnlyDictionary<string, Value> results)
    {
        if (WeightedNode.Of(node).Node is not { Content.ElementType: DataType.Float } product || !results.TryGetValue(node.Output().Name, out var output))
            return null;
        var factor = product.Alpha;
        if (output.Producer is not { } producer || Multiplier(producer, ref factor) is not var (multiplier, weight))
            return null;
        if (multiplier.Is("Gemm"))
            factor /= multiplier.Attributes.GetFloat("alpha", 1);
        return new(product, multiplier, output, weight, (float)factor);
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
        if (node.Input(0)?.Producer is not { } cast || !cast.Is("Cast") || cast.Input(0)?.Producer is not { } product || !product.Is("MatMulInteger"))
            return null;
        var scales = node.Input(1)?.Producer?.Inputs.FirstOrDefault(input => input?.Constant is not null);
        return Coded(product, 1, scales, product.Input(3), 1) is { } weight ? (product, weight) : null;
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
