using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What adapters ask about the types of a node's operands.</summary>
internal static class OperandTypes
{
    public const string UnknownType = "the element type of its input is not known";
    public const string UnknownRank = "the rank of its input is not known";

    /// <summary>A scalar of the type that the node works on; null when that is not known or not floating.</summary>
    public static Tensor? Scalar(Node node, float value) =>
        (node.Input(0)?.Type ?? node.Output().Type) is { } type ? OpsetStep.Scalar(type.ElementType, value) : null;

    public static int? Rank(Value? value) => value?.Type?.Shape?.Rank;
}
