using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>An Add, Sub, Mul or Div of which one operand is a constant.</summary>
/// <param name="Node">The node.</param>
/// <param name="DataIndex">Which operand is the other one.</param>
internal readonly record struct ConstantOperand(Node Node, int DataIndex)
{
    /// <summary>Opset from which elementwise operators broadcast as NumPy does.</summary>
    public const long BroadcastOpset = 7;

    public Value Data => Node.Input(DataIndex)!;

    public Value Constant => Node.Input(1 - DataIndex)!;

    public Tensor Tensor => Constant.Constant!;

    /// <summary>Null when neither or both operands are constants.</summary>
    public static ConstantOperand? Of(Node node)
    {
        if (node.Inputs is not [{ } left, { } right] || (left.Constant is null) == (right.Constant is null))
            return null;
        return new(node, left.Constant is null ? 0 : 1);
    }

    /// <summary>
    /// The constant as one number per channel, or a single one; null when it varies along another axis or would add axes to the result.
    /// </summary>
    /// <param name="axis">Where the channels stand, counted from the last axis, which is 0.</param>
    /// <param name="rank">The rank of the data.</param>
    public static double[]? ByChannel(Tensor constant, int channels, int axis, int rank)
    {
        var lengths = constant.Dimensions;
        if (lengths.Length > rank || !WeightArithmetic.Handles(constant.ElementType))
            return null;
        for (var i = 0; i < lengths.Length; i++)
            if (lengths[i] != 1 && (lengths.Length - 1 - i != axis || lengths[i] != channels))
                return null;
        return constant.ToDoubles();
    }
}
