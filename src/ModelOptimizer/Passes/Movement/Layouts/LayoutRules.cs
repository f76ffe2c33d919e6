using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The operators that commute with a Transpose, with how they do.</summary>
internal static class LayoutRules
{
    private static readonly string[] Elementwise =
    [
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh",
        "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not",
        "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt",
        "Swish", "Tan", "Tanh", "ThresholdedRelu",
        "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual",
        "Max", "Mean", "Min", "Mod", "Mul", "Or", "PRelu", "Pow", "Sub", "Sum", "Where", "Xor",
    ];

    private static readonly FrozenDictionary<string, LayoutRule> Rules = Table().ToFrozenDictionary(row => row.Operator, row => row.Rule);

    /// <summary>The operator's rule; null when it depends on the order of axes.</summary>
    public static LayoutRule? Of(Node node) =>
        node.Domain.Length == 0 && !node.Attributes.HasReferences ? Rules.GetValueOrDefault(node.OpType) : null;

    private static IEnumerable<(string Operator, LayoutRule Rule)> Table() =>
    [
        .. For(new ElementwiseLayout(), Elementwise),
        .. For(new QuantizationLayout(), "QuantizeLinear", "DequantizeLinear"),
        .. For(new AxisLayout(), "Concat", "Split", "Softmax", "LogSoftmax", "Hardmax"),
        .. For(new PadLayout(), "Pad"),
        .. For(new SliceLayout(), "Slice"),
        .. For(new ReduceLayout(), "ReduceMax", "ReduceMin"),
    ];

    private static IEnumerable<(string, LayoutRule)> For(LayoutRule rule, params string[] operators) => operators.Select(name => (name, rule));
}
