using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Which inputs of which operators are weights.</summary>
internal static class WeightSlots
{
    /// <summary>What stands between a weight as it is stored and the node that multiplies by it.</summary>
    private static readonly HashSet<string> s_restoring = ["Cast", "DequantizeLinear", "Identity", "Reshape", "Transpose"];

    /// <summary>Operators whose first input is multiplied by codes.</summary>
    private static readonly HashSet<string> s_quantizedLayers =
    [
        "ConvInteger", "DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulInteger", "MatMulIntegerToFloat", "MatMulNBits", "QAttention",
        "QLinearConv", "QLinearMatMul",
    ];

    public static bool IsWeight(Use use) =>
        OperatorCatalog.WeightInputs(use.User).Contains(use.Index);

    /// <summary>True when the weight [depth, channels] (or [channels, depth] under transB) is what the activations are multiplied by.</summary>
    public static bool IsProduct(Use use) => use.User.Is("MatMul", "Gemm") && use.Index == 1;

    /// <summary>True when the weight [depth, channels] is a layer's, be it inside a fused operator.</summary>
    public static bool IsLayer(Use use) => IsProduct(use) || AttentionProjection.Is(use);

    /// <summary>True when rows of the weight are looked up.</summary>
    public static bool IsLookup(Use use) => use.User.Is("Gather") && use.Index == 0 && use.User.Attributes.GetInt("axis", 0) == 0;

    /// <summary>True when the node multiplies what it reads there by a weight, however that is stored.</summary>
    public static bool IsActivationOfLayer(Use use)
    {
        if (use.Index == 0 && s_quantizedLayers.Contains(use.User.OpType))
            return true;
        foreach (var weight in OperatorCatalog.WeightInputs(use.User))
            if (weight != use.Index && use.User.OpType is not ("Gather" or "EmbedLayerNormalization") && use.User.Input(weight) is { } value && IsStored(value))
                return true;
        return false;
    }

    /// <summary>The operator whose weight had a quantized form before ONNX Runtime's optimizer fused it; null for others.</summary>
    public static string? OperatorBeforeFusion(Use use) => (use.User.Domain, use.User.OpType, use.Index) switch
    {
        ("com.microsoft", "FusedMatMul", 1) => "MatMul",
        ("com.microsoft", "FusedGemm", 1) => "Gemm",
        ("com.microsoft", "EmbedLayerNormalization", _) => "Gather",
        _ => null,
    };

    private static bool IsStored(Value value) => value.Constant is not null
        || (value.Producer is { } producer && s_restoring.Contains(producer.OpType) && producer.Input(0) is { } before && IsStored(before));

    /// <summary>The axis of the weight that the output channels stand on.</summary>
    public static int ChannelAxis(Use use, int rank) => OperatorCatalog.ChannelAxis(use.User, use.Index, rank);

    /// <summary>Who reads the weight there, in words.</summary>
    public static string Reader(Use use) => use.User.IsReturn ? "the graph's output" : use.User.ToString();
}
