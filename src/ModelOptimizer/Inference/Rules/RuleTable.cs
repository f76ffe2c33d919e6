using System.Collections.Frozen;
using ModelOptimizer.Onnx;
using Rule = System.Action<ModelOptimizer.Inference.NodeTyping>;

namespace ModelOptimizer.Inference;

/// <summary>Which rule types which operator. What is not listed is asked of the runtime.</summary>
internal static class RuleTable
{
    private static readonly FrozenDictionary<string, Rule> s_standard = Table(
        (ElementwiseRules.Unary, [
            "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Clip", "Cos", "Cosh", "CumSum", "Elu", "Erf", "Exp",
            "Floor", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "InstanceNormalization", "GroupNormalization", "LRN", "LeakyRelu", "Log",
            "LogSoftmax", "LpNormalization", "MeanVarianceNormalization", "Mish", "PRelu", "RMSNormalization", "Reciprocal", "Relu",
            "ReverseSequence", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish",
            "Tan", "Tanh", "ThresholdedRelu", "Trilu", "Scatter", "ScatterElements", "ScatterND"]),
        (ElementwiseRules.Identity, ["Identity"]),
        (ElementwiseRules.Following(ElementMath.Negate), ["Neg"]),
        (ElementwiseRules.Following(ElementMath.Absolute), ["Abs"]),
        (ElementwiseRules.Following(ElementMath.Not), ["Not"]),
        (ElementwiseRules.Dropout, ["Dropout"]),
        (ElementwiseRules.Test, ["IsNaN", "IsInf"]),
        (ElementwiseRules.Arithmetic, ["Pow", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]),
        (ElementwiseRules.Following(ElementwiseRules.Arithmetic, ElementMath.Add), ["Add"]),
        (ElementwiseRules.Following(ElementwiseRules.Arithmetic, ElementMath.Subtract), ["Sub"]),
        (ElementwiseRules.Following(ElementwiseRules.Arithmetic, ElementMath.Multiply), ["Mul"]),
        (ElementwiseRules.Following(ElementwiseRules.Arithmetic, ElementMath.Divide), ["Div"]),
        (ElementwiseRules.Following(ElementwiseRules.Arithmetic, ElementMath.Modulo), ["Mod"]),
        (ElementwiseRules.Comparison, ["Xor"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.And), ["And"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.Or), ["Or"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.Equal), ["Equal"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.Greater), ["Greater"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.GreaterOrEqual), ["GreaterOrEqual"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.Less), ["Less"]),
        (ElementwiseRules.Following(ElementwiseRules.Comparison, ElementMath.LessOrEqual), ["LessOrEqual"]),
        (ElementwiseRules.Following(ElementwiseRules.Variadic, ElementMath.Max), ["Max"]),
        (ElementwiseRules.Following(ElementwiseRules.Variadic, ElementMath.Min), ["Min"]),
        (ElementwiseRules.Variadic, ["Sum", "Mean"]),
        (ElementwiseRules.Where, ["Where"]),
        (ReduceRules.Reduce, [
            "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"]),
        (ReduceRules.ArgReduce, ["ArgMax", "ArgMin"]),
        (MatMulRules.MatMul, ["MatMul"]),
        (MatMulRules.MatMulInteger, ["MatMulInteger"]),
        (MatMulRules.QLinearMatMul, ["QLinearMatMul"]),
        (MatMulRules.Gemm, ["Gemm"]),
        (EinsumRule.Einsum, ["Einsum"]),
        (ConvolutionRules.Conv, ["Conv"]),
        (ConvolutionRules.ConvInteger, ["ConvInteger"]),
        (ConvolutionRules.QLinearConv, ["QLinearConv"]),
        (ConvolutionRules.ConvTranspose, ["ConvTranspose"]),
        (ConvolutionRules.Pool, ["AveragePool", "LpPool", "MaxPool"]),
        (ConvolutionRules.GlobalPool, ["GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"]),
        (ReshapeRules.Reshape, ["Reshape"]),
        (ReshapeRules.Flatten, ["Flatten"]),
        (ReshapeRules.Squeeze, ["Squeeze"]),
        (ReshapeRules.Unsqueeze, ["Unsqueeze"]),
        (ReshapeRules.Transpose, ["Transpose"]),
        (SliceRules.Slice, ["Slice"]),
        (JoinRules.Concat, ["Concat"]),
        (JoinRules.Split, ["Split"]),
        (JoinRules.Expand, ["Expand"]),
        (JoinRules.Tile, ["Tile"]),
        (JoinRules.Pad, ["Pad"]),
        (GatherRules.Gather, ["Gather"]),
        (GatherRules.GatherElements, ["GatherElements"]),
        (GatherRules.GatherND, ["GatherND"]),
        (BlockRules.DepthToSpace, ["DepthToSpace"]),
        (BlockRules.SpaceToDepth, ["SpaceToDepth"]),
        (BlockRules.Resize, ["Resize"]),
        (BlockRules.Upsample, ["Upsample"]),
        (SourceRules.Shape, ["Shape"]),
        (SourceRules.Size, ["Size"]),
        (SourceRules.ConstantOfShape, ["ConstantOfShape"]),
        (SourceRules.Range, ["Range"]),
        (SourceRules.NonZero, ["NonZero"]),
        (SourceRules.Compress, ["Compress"]),
        (SourceRules.TopK, ["TopK"]),
        (SourceRules.OneHot, ["OneHot"]),
        (SourceRules.Like, ["EyeLike", "RandomNormalLike", "RandomUniformLike", "Bernoulli"]),
        (SourceRules.Random, ["RandomNormal", "RandomUniform"]),
        (CastRules.Cast, ["Cast"]),
        (CastRules.CastLike, ["CastLike"]),
        (CastRules.QuantizeLinear, ["QuantizeLinear"]),
        (CastRules.DequantizeLinear, ["DequantizeLinear"]),
        (CastRules.DynamicQuantizeLinear, ["DynamicQuantizeLinear"]),
        (NormalizationRules.BatchNormalization, ["BatchNormalization"]),
        (NormalizationRules.LayerNormalization, ["LayerNormalization", "SimplifiedLayerNormalization"]),
        (RecurrentRules.Recurrent, ["LSTM", "GRU", "RNN"]));

    private static readonly FrozenDictionary<string, Rule> s_microsoft = Table(
        (ElementwiseRules.Unary, ["Gelu", "FastGelu", "BiasGelu", "QuickGelu", "RotaryEmbedding"]),
        (NormalizationRules.SkipLayerNormalization, ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]),
        (MatMulRules.FusedMatMul, ["FusedMatMul"]),
        (MatMulRules.Gemm, ["FusedGemm"]),
        (MatMulRules.MatMul, ["DynamicQuantizeMatMul"]),
        (MatMulRules.MatMulIntegerToFloat, ["MatMulIntegerToFloat"]),
        (MatMulRules.MatMulNBits, ["MatMulNBits"]),
        (ConvolutionRules.Conv, ["FusedConv"]),
        (CastRules.QuantizeLinear, ["QuantizeLinear"]),
        (CastRules.DequantizeLinear, ["DequantizeLinear"]),
        (RecurrentRules.Recurrent, ["DynamicQuantizeLSTM"]));

    public static Rule? Find(Node node) => node.Domain switch
    {
        "" => s_standard.GetValueOrDefault(node.OpType),
        "com.microsoft" => s_microsoft.GetValueOrDefault(node.OpType),
        _ => null,
    };

    private static FrozenDictionary<string, Rule> Table(params (Rule Rule, string[] Operators)[] rows) =>
        rows.SelectMany(row => row.Operators.Select(name => KeyValuePair.Create(name, row.Rule))).ToFrozenDictionary();
}
