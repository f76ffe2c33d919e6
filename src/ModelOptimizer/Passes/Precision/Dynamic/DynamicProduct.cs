using ModelOptimizer.Onnx;

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

    /// <summary>Why a form that needs the quantization as an operator of its own can't be written; null when it can.</summary>
    public static string? TooOld(long opset) =>
        opset < StandardOpset ? $"DynamicQuantizeLinear exists from opset {StandardOpset} on, the model is at {opset}: upgrade-opset brings it there" : null;

    /// <summary>Puts the int8 product in place of a MatMul or Gemm.</summary>
    /// <param name="codes">int8 [.., depth, channels].</param>
    /// <param name="scales">[channels], or [.., 1, channels] for a stack.</param>
    public void Replace(Node node, Value codes, Value scales) =>
        GemmParts.Replace(model, node, Multiply(node, GemmParts.LeftOperand(node), codes, scales));

    /// <summary>activation · (codes · scales), computed before <paramref name="node"/>.</summary>
    public Value Multiply(Node node, Value activation, Value codes, Value scales) => model.OpsetOf(node.Graph!) >= StandardOpset
        ? MultiplyIntegers(node, activation, codes, scales)
        : MultiplyContrib(node, activation, codes, scales);

    /// <summary>Turns sums of products of codes into floats.</summary>
    public static Value Dequantize(Node node, Value sums, Value activationScale, Value scales)
    {
        var graph = node.Graph!;
        var cast = graph.Insert(node, "Cast", [sums], name: $"{node.Name}_cast");
        cast.Attributes.Set("to", (long)DataType.Float);
        var bothScales = graph.Insert(node, "Mul", [activationScale, scales], name: $"{node.Name}_scales");
        return graph.Insert(node, "Mul", [cast.Output(), bothScales.Output()], name: $"{node.Name}_dequantize").Output();
    }

    /// <summary>The pattern that the runtime fuses, node by node.</summary>
    private Value MultiplyIntegers(Node node, Value activation, Value codes, Value scales)
    {
        var quantizer = Quantizer(node, activation);
        var product = node.Graph!.Insert(node, "MatMulInteger", [quantizer.Output(0), codes, quantizer.Output(2)], name: node.Name);
        return Dequantize(node, product.Output(), quantizer.Output(1), scales);
    }

    private Value MultiplyContrib(Node node, Value activation, Value codes, Value scales)
    {
        model.ImportDomain(node.Graph!, ContribDomain, 1);
        return node.Graph!.Insert(node, "DynamicQuantizeMatMul", [activation, codes, scales], 1, ContribDomain, node.Name).Output();
    }

    /// <summary>The quantization of an activation before <paramref name="node"/>: codes, scale and zero point.</summary>
    public Node Quantizer(Node node, Value activation)
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
