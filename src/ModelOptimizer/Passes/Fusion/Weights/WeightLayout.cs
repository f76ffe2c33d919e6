using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// A weight seen as rows × columns × kernel, to tell which output and which input channel an element connects:
/// Conv [outputs, inputs / groups, kernel], ConvTranspose [inputs, outputs / groups, kernel], matrices with a kernel of one element.
/// </summary>
internal sealed record WeightLayout(int Rows, int Columns, int Kernel, bool RowsAreOutputs, int Groups = 1)
{
    public int Outputs => RowsAreOutputs ? Rows : Columns * Groups;

    public int Inputs => RowsAreOutputs ? Columns * Groups : Rows;

    /// <summary>The layout of the weight of a Conv, ConvTranspose, Gemm or MatMul; null when its shape is none that they read.</summary>
    public static WeightLayout? Of(Node node, Tensor weight)
    {
        if (weight.ElementCount is 0 or > int.MaxValue)
            return null;
        var axes = weight.Dimensions;
        var isTransposed = node.Is("Gemm") && node.Attributes.GetInt("transB", 0) != 0;
        if (node.Is("Gemm", "MatMul"))
            return axes.Length == 2 ? new((int)axes[0], (int)axes[1], 1, isTransposed) : null;
        var groups = node.Attributes.GetInt("group", 1);
        return axes.Length >= 3 && groups >= 1 && axes[0] % groups == 0
            ? new((int)axes[0], (int)axes[1], (int)(weight.ElementCount / axes[0] / axes[1]), node.Is("Conv"), (int)groups)
            : null;
    }

    /// <summary>The channels that one kernel connects.</summary>
    /// <param name="index">The kernel's place, row by row.</param>
    public (int Output, int Input) Channels(int index)
    {
        var (row, column) = Math.DivRem(index, Columns);
        var other = row / (Rows / Groups) * Columns + column;
        return RowsAreOutputs ? (row, other) : (other, row);
    }
}
