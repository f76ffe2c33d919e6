using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Writes products of int8 weights with activations that are quantized as they come. One quantization serves all products of the same
/// activation in a graph.
/// </summary>
internal sealed class DynamicProduct(OnnxModel model)
{
    /// <summary>Opset that brought DynamicQuantizeLinear; MatMulInteger is one older.</summary>
    private const long StandardOpset = 11;

    private const string ContribDomain = "com.microsoft";

    private readonly HashSet<Node> _quantizers = [];

    /// <summary>Puts the int8 product in place of each reader of the weight.</summary>
    /// <returns>Bytes of the constants.</returns>
    public long Write(WeightCandidate weight, QuantizedWeight quantized)
    {
        var graph = weight.OnlyUser?.Graph ?? weight.Value.Graph;
        var codes = DequantizeLinearLayout.Codes(quantized, [quantized.Depth, quantized.Channels], channelAxis: 1);
        var scales = DequantizeLinearLayout.Scales(quantized, blocked: false);
        var codesValue = model.AddConstant(graph, $"{weight.Name}_quantized", codes);
        var scalesValue = model.AddConstant(graph, $"{weight.Name}_scale", scales);
        foreach (var use in weight.Uses)
            Replace(use.User, codesValue, scalesValue);
        return codes.ByteCount + scales.ByteCount;
    }

    /// <param name="codes">int8 [depth, channels].</param>
    /// <param name="scales">[channels].</param>
    public void Replace(Node node, Value codes, Value scales)
    {
        var activation = GemmParts.LeftOperand(node);
        var product = model.OpsetOf(node.Graph!) >= StandardOpset
            ? MultiplyIntegers(node, activation, codes, scales)
            : MultiplyContrib(node, activation, codes, scales);
        GemmParts.Replace(model, node, product);
    }

    /// <summary>The pattern that the runtime fuses, node by node.</summary>
    private Value MultiplyIntegers(Node node, Value activation, Value codes, Value scales)
    {
        var graph = node.Graph!;
        var quantizer = Quantizer(node, activation);
        var (rounded, scale, zeroPoint) = (quantizer.Output(0), quantizer.Output(1), quantizer.Output(2));
        var product = graph.Insert(node, "MatMulInteger", [rounded, codes, zeroPoint], name: node.Name);
        var cast = graph.Insert(node, "Cast", [product.Output()], name: $"{node.Name}_cast");
        cast.Attributes.Set("to", (long)DataType.Float);
        var bothScales = graph.Insert(node, "Mul", [scale, scales], name: $"{node.Name}_scales");
        return graph.Insert(node, "Mul", [cast.Output(), bothScales.Output()], name: $"{node.Name}_dequantize").Output();
    }

    private Value MultiplyContrib(Node node, Value activation, Value codes, Value scales)
    {
        model.ImportDomain(node.Graph!, ContribDomain, 1);
        return node.Graph!.Insert(node, "DynamicQuantizeMatMul", [activation, codes, scales], 1, ContribDomain, node.Name).Output();
    }

    private Node Quantizer(Node node, Value activation)
    {
        var graph = node.Graph!;
        // Asked of the activation itself, which another product may have replaced meanwhile.
        if (activation.Uses.Select(use => use.User).FirstOrDefault(user => user.Graph == graph && _quantizers.Contains(user)) is { } known)
            return known;
        var quantizer = graph.Insert(FirstReader(activation, node), "DynamicQuantizeLinear", [activation], outputs: 3, name: $"{activation.Name}_quantize");
        _quantizers.Add(quantizer);
        return quantizer;
    }

    /// <summary>
    /// Where the quantization has to stand: weights come in order of declaration, so another product of the activation may stand further up.
    /// </summary>
    private static Node FirstReader(Value activation, Node product)
    {
        var readers = activation.Uses.Select(use => use.User).Where(user => user.Graph == product.Graph && !user.IsReturn).ToHashSet();
        // A Gemm's own transposition has no reader yet.
        readers.Add(product);
        return readers.Count == 1 ? product : product.Graph!.Nodes.First(readers.Contains);
    }
}
