using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The sum behind a MatMul that ONNX Runtime makes one Gemm of, where the product is a matrix or its shape is fixed. That Gemm runs on integers
/// only when its bias is int32 behind a DequantizeLinear; with a float one, the weight is turned back into floats at every run (measured 10 times
/// slower for one row and 256 × 256 weights).
/// </summary>
/// <param name="Sum">The Add.</param>
/// <param name="Index">Which of its inputs is the bias.</param>
internal sealed record GemmOfRuntime(Node Sum, int Index)
{
    public float[] Bias => Sum.Input(Index)!.Constant!.AsSpan<float>().ToArray();

    /// <summary>The sum; null where the runtime leaves the product alone.</summary>
    public static GemmOfRuntime? Of(Node product)
    {
        if (!product.Is("MatMul") || product.Input(1)?.Constant is not { Dimensions: [_, var channels] })
            return null;
        if (product.Output().Type?.Shape is not { Rank: > 1 } shape || (shape.Rank > 2 && !shape.IsStatic))
            return null;
        if (product.Output().Uses is not [{ User: var sum, Index: var index }] || !sum.Is("Add") || sum.Graph != product.Graph)
            return null;
        return sum.Input(1 - index)?.Constant is { ElementType: DataType.Float, Dimensions: [var terms] } && terms == channels
            && new GemmOfRuntime(sum, 1 - index) is var found && Array.TrueForAll(found.Bias, float.IsFinite) ? found : null;
    }
}
