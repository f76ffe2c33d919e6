using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>How quantized models write what was one operator: operators by family, and where their scales stand.</summary>
internal static class QuantizedForms
{
    private static readonly Dictionary<string, string> Families = new()
    {
        ["Gemm"] = "MatMul", ["MatMulInteger"] = "MatMul", ["QLinearMatMul"] = "MatMul", ["MatMulNBits"] = "MatMul", ["FusedMatMul"] = "MatMul",
        ["DynamicQuantizeMatMul"] = "MatMul", ["MatMulIntegerToFloat"] = "MatMul", ["QGemm"] = "MatMul", ["FusedGemm"] = "MatMul", ["MatMul"] = "MatMul",
        ["Conv"] = "Conv", ["FusedConv"] = "Conv", ["QLinearConv"] = "Conv", ["ConvInteger"] = "Conv",
        ["LSTM"] = "LSTM", ["DynamicQuantizeLSTM"] = "LSTM", ["Attention"] = "Attention", ["QAttention"] = "Attention",
        ["ConvTranspose"] = "ConvTranspose", ["LayerNormalization"] = "LayerNormalization", ["Softmax"] = "Softmax", ["QLinearSoftmax"] = "Softmax",
    };

    /// <summary>What the operator computes, whatever its numbers; null for operators that are not told apart by their order.</summary>
    public static string? Family(Node node) => Families.GetValueOrDefault(node.OpType);

    /// <summary>Where scale and zero point of the output stand among the inputs; null for operators that don't put out codes.</summary>
    public static (Value Scale, Value? ZeroPoint)? OutputCodes(Node node)
    {
        int? index = node.OpType switch
        {
            "QuantizeLinear" => 1,
            "QLinearConv" or "QLinearMatMul" or "QLinearAdd" or "QLinearMul" => 6,
            "QLinearConcat" => 0,
            "QLinearSigmoid" or "QLinearLeakyRelu" or "QLinearAveragePool" or "QLinearGlobalAveragePool" or "QLinearSoftmax" => 3,
            "QGemm" => 7,
            _ => null,
        };
        return index is { } at && node.Input(at) is { } scale ? (scale, node.Input(at + 1)) : null;
    }

    /// <summary>Where the floats of a node come out: behind an integer product stand a Cast and the product with its scales.</summary>
    public static Value Floats(Node node)
    {
        var value = node.Output();
        if (!node.Is("MatMulInteger", "ConvInteger"))
            return value;
        if (SoleReader(value) is { OpType: "Cast" } cast)
            value = cast.Output();
        return SoleReader(value) is { OpType: "Mul" } scaled ? scaled.Output() : value;
    }

    /// <summary>
    /// The floats that stand for what a node of the original makes, when another of its family does its work: a bias may be added by a node of its
    /// own. Null when the bias is nowhere, or the twin leaves that output out.
    /// </summary>
    public static Value? Result(Node original, Node twin)
    {
        if (twin.Outputs is not [not null, ..])
            return null;
        var value = Floats(twin);
        if (!original.Is("Conv", "Gemm") || original.Input(2) is null || !LacksBias(twin))
            return value;
        return SoleReader(value) is { OpType: "Add" } add && add.Inputs.Any(input => input?.Constant is not null) ? add.Output() : null;
    }

    private static bool LacksBias(Node node) => node.OpType switch
    {
        "MatMul" or "FusedMatMul" or "MatMulInteger" or "ConvInteger" or "QLinearMatMul" => true,
        "Conv" or "FusedConv" or "Gemm" => node.Input(2) is null,
        "DynamicQuantizeMatMul" => node.Input(4) is null,
        "MatMulNBits" => node.Input(5) is null,
        _ => false,
    };

    /// <summary>The value behind QuantizeLinear and DequantizeLinear, with the quantizer between; null when its readers don't quantize it.</summary>
    public static (Value Rounded, Quantizer? Quantizer)? Rounded(Value value)
    {
        foreach (var use in value.Uses)
            if (use is { Index: 0, User.OpType: "QuantizeLinear" } && use.User.Output().Uses.FirstOrDefault(codes => codes is { Index: 0, User.OpType: "DequantizeLinear" }) is { } read)
                return (read.User.Output(), Quantizer.Of(use.User.Input(1), use.User.Input(2)));
        return null;
    }

    private static Node? SoleReader(Value value) => value.Uses is [var only] ? only.User : null;
}
