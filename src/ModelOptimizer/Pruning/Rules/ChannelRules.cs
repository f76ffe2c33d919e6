using System.Collections.Frozen;
using ModelOptimizer.Onnx;
using Rule = System.Action<ModelOptimizer.Pruning.NodeChannels>;

namespace ModelOptimizer.Pruning;

/// <summary>Which rule tells what channels go together at which operator. Those without one need all of theirs.</summary>
internal static class ChannelRules
{
    private static readonly FrozenDictionary<string, Rule> s_standard = Table(
        (ElementwiseChannels.Each, [
            "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor",
            "Cast", "CastLike", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater",
            "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min",
            "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
            "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor"]),
        (ElementwiseChannels.Dropout, ["Dropout"]),
        (ElementwiseChannels.Quantization, ["QuantizeLinear", "DequantizeLinear"]),
        (NormalizationChannels.Batch, ["BatchNormalization"]),
        (NormalizationChannels.Instance, ["InstanceNormalization"]),
        (NormalizationChannels.Layer, ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"]),
        (NormalizationChannels.Group, ["GroupNormalization"]),
        (NormalizationChannels.AcrossChannels, ["LRN"]),
        (NormalizationChannels.Along, ["Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "CumSum", "TopK"]),
        (ReductionChannels.Reduce, [
            "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
            "ReduceSumSquare"]),
        (ReductionChannels.Arg, ["ArgMax", "ArgMin"]),
        (MatrixChannels.MatMul, ["MatMul"]),
        (MatrixChannels.Gemm, ["Gemm"]),
        (MatrixChannels.Recurrent, ["LSTM", "GRU", "RNN"]),
        (ConvolutionChannels.Conv, ["Conv"]),
        (ConvolutionChannels.ConvTranspose, ["ConvTranspose"]),
        (ConvolutionChannels.Pool, ["AveragePool", "LpPool", "MaxPool", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"]),
        (ShapeChannels.Reshape, ["Reshape", "Flatten"]),
        (ShapeChannels.Squeeze, ["Squeeze"]),
        (ShapeChannels.Unsqueeze, ["Unsqueeze"]),
        (ShapeChannels.Transpose, ["Transpose"]),
        (ShapeChannels.Expand, ["Expand"]),
        (ShapeChannels.Shape, ["Shape"]),
        (SpatialChannels.Pad, ["Pad"]),
        (SpatialChannels.Tile, ["Tile"]),
        (SpatialChannels.Resize, ["Resize", "Upsample"]),
        (PartChannels.Concat, ["Concat"]),
        (PartChannels.Split, ["Split"]),
        (PartChannels.Slice, ["Slice"]),
        (PartChannels.Gather, ["Gather"]),
        (AttentionChannels.Attention, ["Attention"]),
        (AttentionChannels.Rotary, ["RotaryEmbedding"]));

    private static readonly FrozenDictionary<string, Rule> s_microsoft = Table(
        (ElementwiseChannels.Each, ["BiasGelu", "FastGelu", "Gelu", "QuickGelu"]),
        (NormalizationChannels.SkipLayer, ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]),
        (MatrixChannels.FusedMatMul, ["FusedMatMul"]),
        (MatrixChannels.Gemm, ["FusedGemm"]),
        (ConvolutionChannels.FusedConv, ["FusedConv"]),
        (AttentionChannels.PackedAttention, ["Attention"]),
        (AttentionChannels.MultiHead, ["MultiHeadAttention"]),
        (AttentionChannels.GroupQuery, ["GroupQueryAttention"]),
        (AttentionChannels.Rotary, ["RotaryEmbedding"]));

    public static Rule? Find(Node node) => node.Domain switch
    {
        "" => s_standard.GetValueOrDefault(node.OpType),
        "com.microsoft" => s_microsoft.GetValueOrDefault(node.OpType),
        _ => null,
    };

    private static FrozenDictionary<string, Rule> Table(params (Rule Rule, string[] Operators)[] rows) =>
        rows.SelectMany(row => row.Operators.Select(name => KeyValuePair.Create(name, row.Rule))).ToFrozenDictionary();
}
