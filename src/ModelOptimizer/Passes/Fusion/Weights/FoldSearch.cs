using System.Collections.Frozen;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A fold, or why there is none although there almost is; neither where nothing fits.</summary>
internal readonly record struct FoldAttempt(WeightFold? Fold, string? Refusal)
{
    public static FoldAttempt None => default;

    public static FoldAttempt Refused(string? why) => new(null, why);
}

/// <summary>Finds out whether a node can be folded into the weights beside it.</summary>
/// <param name="folded">The operators that go.</param>
/// <param name="into">The operators with weights.</param>
/// <param name="side">Where the first stand.</param>
internal sealed class FoldSearch(FrozenSet<string> folded, FrozenSet<string> into, FoldSide side)
{
    public bool IsCandidate(Node node) => node.Domain.Length == 0 && folded.Contains(node.OpType);

    public bool IsTarget(Node node) => node.Domain.Length == 0 && into.Contains(node.OpType);

    public FoldAttempt Find(Node node, long opset)
    {
        if (!HasConstants(node) || Neighbour(node) is not var (dataIndex, neighbour))
            return FoldAttempt.None;
        if (opset < ConstantOperand.BroadcastOpset && neighbour.Is("Gemm"))
            return FoldAttempt.None;
        if (node.Attributes.HasReferences || neighbour.Attributes.HasReferences)
            return FoldAttempt.Refused("an attribute comes from the function's caller");
        if (WeightedNode.Of(neighbour) is var (target, refusal) && target is null)
            return FoldAttempt.Refused(refusal);
        var (affine, why) = node.Is("BatchNormalization") ? ReadBatchNormalization(node, target, opset) : ReadConstant(node, target, opset);
        return affine is not null ? Check(new(node, dataIndex, target, affine, side), opset) : FoldAttempt.Refused(why);
    }

    /// <summary>
    /// False for two activations, where nobody would expect a fold. A constant that callers may feed counts, to be refused with that reason.
    /// </summary>
    private static bool HasConstants(Node node) =>
        node.Is("BatchNormalization") || node.Inputs.Any(input => input is { Constant: not null } or { IsOverridable: true });

    /// <summary>The node with weights beside this one, in the same graph, and the input through which data flows.</summary>
    private (int DataIndex, Node Neighbour)? Neighbour(Node node)
    {
        var dataIndex = DataIndex(node);
        var neighbour = side == FoldSide.Output
            ? node.Input(dataIndex)?.Producer
            : node.Output().Uses is [{ Index: 0, User: { IsReturn: false } reader }] ? reader : null;
        return neighbour is not null && neighbour.Graph == node.Graph && IsTarget(neighbour) ? (dataIndex, neighbour) : null;
    }

    private static int DataIndex(Node node) =>
        node.Is("BatchNormalization") || node.Input(0) is not { } first || (first.Constant is null && !first.IsOverridable) ? 0 : 1;

    private (ChannelAffine? Affine, string? Refusal) ReadBatchNormalization(Node node, WeightedNode target, long opset)
    {
        if (BatchNormalizations.Refusal(node, opset) is { } why)
            return (null, why);
        // It normalizes along axis 1, which must be that of the weights' channels.
        if (Rank(target) is not { } rank || Axis(target) != rank - 2)
            return default;
        return (BatchNormalizations.Read(node, Channels(target)), null);
    }

    private (ChannelAffine? Affine, string? Refusal) ReadConstant(Node node, WeightedNode target, long opset)
    {
        if (node.Inputs.FirstOrDefault(input => input?.IsOverridable == true) is { } fed)
            return (null, $"'{fed}' may be fed by callers");
        if (opset < ConstantOperand.BroadcastOpset || ConstantOperand.Of(node) is not { } operand)
            return default;
        if (ConstantOperand.ByChannel(operand.Tensor, Channels(target), Axis(target), Rank(target) ?? 1) is not { } constant)
            return (null, "its constant is not one element, or one per channel");
        if (side == FoldSide.Input && !KeepsShape(operand, constant.Length, target))
            return (null, "its constant may widen the data");
        return (ChannelAffine.OfConstant(operand, constant), null);
    }

    /// <summary>Whether the data have the weights' channels already, not only once the constant is spread over them.</summary>
    private static bool KeepsShape(ConstantOperand operand, int elements, WeightedNode target)
    {
        if (elements == 1 && operand.Tensor.Dimensions.Length < (target.InputRank ?? 1))
            return true;
        return operand.Data.Type?.Shape is { } shape && shape.Rank >= operand.Tensor.Dimensions.Length
            && (elements == 1 || shape[shape.Rank - 1 - target.InputAxis].Value == elements);
    }

    private FoldAttempt Check(WeightFold fold, long opset)
    {
        if (!fold.Affine.IsFinite)
            return FoldAttempt.Refused("its scale or shift is not finite");
        var data = fold.Folded.Input(fold.DataIndex)!;
        if (side == FoldSide.Output && data.Uses.Count > 1)
            return FoldAttempt.Refused($"'{data}' has other readers");
        if (side == FoldSide.Input && PatternGuard.Refusal(fold.Folded, data, opset) is { } needed)
            return FoldAttempt.Refused(needed);
        if (side == FoldSide.Input && fold.Affine.Shifts && Padding.Refusal(fold.Into.Node) is { } padded)
            return FoldAttempt.Refused(padded);
        if (fold.Affine.Shifts && !fold.Into.TakesBias(opset))
            return FoldAttempt.None;
        return new(fold, null);
    }

    private int Channels(WeightedNode target) => side == FoldSide.Output ? target.Layout.Outputs : target.Layout.Inputs;

    private int Axis(WeightedNode target) => side == FoldSide.Output ? target.OutputAxis : target.InputAxis;

    private int? Rank(WeightedNode target) => side == FoldSide.Output ? target.OutputRank : target.InputRank;
}
