using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Why one would want an operator in float16, or not.</summary>
internal enum HalfUse
{
    /// <summary>Moves numbers about or keeps them in bounds: float16 where that takes fewer Casts.</summary>
    Plain,

    /// <summary>What float16 is for: it multiplies with weights or compares all with all.</summary>
    Product,

    /// <summary>Squares, sums or exponentials, which leave the range of float16 unless data shows that they don't.</summary>
    Sensitive,
}

/// <summary>What is known of an operator in float16.</summary>
/// <param name="Since">The version of its domain from which it takes float16.</param>
/// <param name="Use">What it is good for in float16.</param>
/// <param name="Float32Inputs">Inputs that stay float32 all the same.</param>
internal sealed record HalfOperator(long Since, HalfUse Use, params int[] Float32Inputs);

/// <summary>
/// The operators that ONNX defines for float16 and that ONNX Runtime's CPU provider loads with it: either it has a kernel, or it puts Casts around the
/// node by itself. Any other operator stays float32.
/// </summary>
internal static class HalfOperators
{
    private static readonly FrozenDictionary<string, HalfOperator> s_standard = Table(
        (new(7, HalfUse.Product), ["MatMul", "Gemm", "Conv", "ConvTranspose", "LSTM", "GRU", "RNN"]),
        (new(12, HalfUse.Product), ["Einsum"]),
        (new(23, HalfUse.Product), ["Attention"]),
        (new(7, HalfUse.Plain), [
            "Abs", "Acos", "Add", "ArgMax", "ArgMin", "Asin", "Atan", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "DepthToSpace", "Div", "Elu",
            "Expand", "Flatten", "Floor", "Gather", "GlobalMaxPool", "Greater", "HardSigmoid", "Hardmax", "Identity", "LeakyRelu", "Less", "LogSoftmax", "Max",
            "MaxPool", "Mean", "Min", "Mul", "Neg", "PRelu", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape", "Selu", "Shape", "Sigmoid",
            "Size", "Slice", "Softmax", "Softsign", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "TopK", "Transpose", "Unsqueeze"]),
        (new(7, HalfUse.Plain, 1, 2), ["Dropout", "Upsample"]),
        (new(9, HalfUse.Plain), ["Compress", "ConstantOfShape", "Erf", "IsNaN", "NonZero", "Scatter", "Shrink", "Sign", "Where"]),
        (new(10, HalfUse.Plain), ["Mod", "ReverseSequence", "ThresholdedRelu"]),
        (new(10, HalfUse.Plain, 1, 2), ["Resize"]),
        (new(11, HalfUse.Plain), ["Equal", "GatherElements", "GatherND", "Round", "ScatterElements", "ScatterND"]),
        (new(12, HalfUse.Plain), ["GreaterOrEqual", "LessOrEqual"]),
        (new(14, HalfUse.Plain), ["HardSwish", "Trilu"]),
        (new(16, HalfUse.Plain, 1), ["GridSample"]),
        (new(18, HalfUse.Plain), ["Mish"]),
        (new(20, HalfUse.Plain), ["Gelu", "IsInf"]),
        (new(24, HalfUse.Plain), ["Swish"]),
        (new(7, HalfUse.Sensitive), [
            "Cos", "Exp", "GlobalAveragePool", "GlobalLpPool", "InstanceNormalization", "LRN", "Log", "LpNormalization", "LpPool", "Pow", "Reciprocal", "ReduceL1",
            "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Sin", "Softplus", "Tan"]),
        (new(9, HalfUse.Sensitive), ["Cosh", "Sinh"]),
        (new(14, HalfUse.Sensitive), ["CumSum"]),
        (new(17, HalfUse.Sensitive), ["LayerNormalization"]),
        (new(21, HalfUse.Sensitive), ["GroupNormalization"]),
        (new(23, HalfUse.Sensitive), ["RMSNormalization"]));

    private static readonly FrozenDictionary<string, HalfOperator> s_microsoft = Table(
        (new(1, HalfUse.Product), ["FusedMatMul"]),
        (new(1, HalfUse.Plain), ["BiasGelu", "FastGelu", "Gelu", "QuickGelu"]),
        (new(1, HalfUse.Sensitive), ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]));

    /// <summary>By the standard domain's name and that of ONNX Runtime's own.</summary>
    public static IEnumerable<(string Domain, string Name, HalfOperator Operator)> All =>
        s_standard.Select(row => ("", row.Key, row.Value)).Concat(s_microsoft.Select(row => ("com.microsoft", row.Key, row.Value)))
            .OrderBy(row => row.Key, StringComparer.Ordinal);

    /// <summary>What is known of the node's operator; null when it has no float16 form.</summary>
    public static HalfOperator? Find(Node node) => node.Domain switch
    {
        "" => s_standard.GetValueOrDefault(node.OpType),
        "com.microsoft" => s_microsoft.GetValueOrDefault(node.OpType),
        _ => null,
    };

    private static FrozenDictionary<string, HalfOperator> Table(params (HalfOperator Operator, string[] Names)[] rows) =>
        rows.SelectMany(row => row.Names.Select(name => KeyValuePair.Create(name, row.Operator))).ToFrozenDictionary();
}
