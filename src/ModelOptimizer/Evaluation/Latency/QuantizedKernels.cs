namespace ModelOptimizer.Evaluation;

/// <summary>The kernels that only quantized operators need.</summary>
internal static class QuantizedKernels
{
    private static readonly HashSet<string> s_names =
    [
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
        "DynamicQuantizeLSTM", "MatMulNBits", "MatMulBnb4", "GatherBlockQuantized", "QAttention", "QEmbedLayerNormalization", "QGemm", "QMoE",
    ];

    public static bool Contains(string opType) => opType.StartsWith("QLinear", StringComparison.Ordinal) || s_names.Contains(opType);
}
