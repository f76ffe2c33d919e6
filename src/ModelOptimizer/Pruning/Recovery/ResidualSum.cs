using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Where a layer ends a residual block: then it is fitted to the sum that the original made, so that it also makes up for what those before it missed
/// (He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017, section 3.3).
/// </summary>
/// <param name="Sum">The result of the Add.</param>
/// <param name="Skip">What is added to the layer's result.</param>
internal sealed record ResidualSum(Value Sum, Value Skip)
{
    /// <param name="result">The layer's result, its bias included.</param>
    /// <returns>Null where nothing of the same shape is added, or others read the result, too.</returns>
    public static ResidualSum? Of(Value result) =>
        !result.IsGraphOutput && result.Uses is [{ User: var sum } use] && sum.Is("Add") && sum.Input(1 - use.Index) is { Constant: null } skip
        && skip.Type?.Shape is { IsKnown: true } shape && shape.Equals(result.Type?.Shape) ? new(sum.Output(), skip) : null;
}
