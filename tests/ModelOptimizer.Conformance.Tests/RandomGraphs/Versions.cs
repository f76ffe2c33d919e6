using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Operators that are written differently from one operator set to another.</summary>
internal static class Versions
{
    public static Value Unsqueeze(this Scope scope, Value value, params long[] axes) => scope.WithAxes("Unsqueeze", value, axes, inputFrom: 13);

    public static Value Squeeze(this Scope scope, Value value, params long[] axes) => scope.WithAxes("Squeeze", value, axes, inputFrom: 13);

    public static Value Reduce(this Scope scope, string op, Value value, long[] axes, bool keepDims = true) =>
        scope.WithAxes(op, value, axes, inputFrom: op == "ReduceSum" ? 13 : 18, ("keepdims", keepDims ? 1L : 0L));

    public static Node Split(this Scope scope, Value value, int axis, params long[] lengths) => scope.Opset < 13
        ? scope.Builder.Node("Split", [value], lengths.Length, ("axis", (long)axis), ("split", lengths))
        : scope.Builder.Node("Split", [value, scope.Int64s(lengths)], lengths.Length, ("axis", (long)axis));

    private static Value WithAxes(this Scope scope, string op, Value value, long[] axes, long inputFrom, params (string, object)[] attributes) =>
        scope.Opset < inputFrom
            ? scope.Builder.Op(op, [value], [("axes", axes), .. attributes])
            : scope.Builder.Op(op, [value, scope.Int64s(axes)], attributes);
}
