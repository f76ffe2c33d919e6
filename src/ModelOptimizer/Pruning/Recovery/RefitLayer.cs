using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>A layer whose weights can be fitted anew: Conv, Gemm or MatMul with a constant float32 weight.</summary>
/// <param name="Node">The layer.</param>
/// <param name="Bias">Where a shift of its outputs can go; null where there is no place.</param>
internal sealed record RefitLayer(Node Node, RefitBias? Bias) : IRefit
{
    /// <summary>Rows that a fit goes by, for each input of the layer.</summary>
    private const int RowsPerInput = 4;

    private const int FewestRows = 512;
    private const int MostRows = 8192;

    public RowForm InputRows => Node.Is("Conv") ? new PatchRows(ConvolutionWindow.Of(Node, Weight)) : new MatrixRows();

    public RowForm OutputRows => Node.Is("Conv") ? new ChannelRows() : new MatrixRows();

    public Tensor Weight => Node.Input(1)!.Constant!;

    public int Outputs => Matrix.Channels;

    /// <summary>Weights of an output.</summary>
    public int Depth => Matrix.Depth;

    private int ChannelAxis => Node.Is("Conv") || Node.Attributes.GetInt("transB", 0) != 0 ? 0 : 1;

    private WeightMatrix Matrix => new(Weight, ChannelAxis);

    /// <summary>How many rows of each sample are looked at, so that there are enough of all.</summary>
    public int RowsOfSample(long samples) => (int)Math.Max(1, (Math.Clamp(RowsPerInput * (long)Depth, FewestRows, MostRows) + samples - 1) / samples);

    /// <returns>The layer, or why its weights stay as they are.</returns>
    public static (RefitLayer? Layer, string? Why) Of(Node node)
    {
        if (!node.Is("Conv", "Gemm", "MatMul"))
            return (null, $"weights of {node.OpType} are not fitted anew");
        if (node.Graph!.Owner is not null || node.Graph.IsFunction)
            return (null, "it stands in a body");
        if (node.Input(1)?.Constant is not { ElementType: DataType.Float } weight || (!node.Is("Conv") && weight.Dimensions.Length != 2))
            return (null, "its weight is no float32 matrix or kernel");
        if (node.Input(1)!.Uses.Count > 1)
            return (null, $"{node.Input(1)!.Uses.Count} nodes read its weight");
        var attributes = node.Attributes;
        if (attributes.GetInt("group", 1) != 1)
            return (null, "its channels are summed in groups");
        if (attributes.GetInt("transA", 0) != 0 || attributes.GetFloat("alpha", 1) != 1 || attributes.GetFloat("beta", 1) != 1)
            return (null, "it transposes its input, or multiplies its result");
        if (!node.Is("MatMul") && node.Input(2) is not null && RefitBias.Of(node) is null)
            return (null, "what it adds to its results is no constant for each of them");
        return (new(node, RefitBias.Of(node)), null);
    }

    /// <summary>The weights as the inputs of a regression meet them.</summary>
    /// <returns>[depth, outputs].</returns>
    /// <param name="columns">Where to.</param>
    public float[] ReadColumns(float[] columns)
    {
        using var held = Weight.Hold();
        if (ChannelAxis == 1)
        {
            Weight.AsSpan<float>().CopyTo(columns);
            return columns;
        }
        var rows = new float[columns.Length];
        Matrix.Read(0, Outputs, 0, Depth, rows);
        Transposition.Copy(rows, Depth, Outputs, Depth, columns, Outputs);
        return columns;
    }

    /// <param name="columns">[depth, outputs].</param>
    /// <returns>Whether the model reads the array from now on, which then must not change.</returns>
    public bool WriteColumns(float[] columns, OnnxModel model)
    {
        var elements = columns;
        if (ChannelAxis == 0)
            Transposition.Copy(columns, Outputs, Depth, Outputs, elements = new float[columns.Length], Depth);
        var (old, written) = (Node.Input(1)!, Tensor.Create(Weight.Dimensions.AsSpan(), elements));
        Node.SetInput(1, model.AddConstant(Node.Graph!, old.Name, written));
        old.RemoveIfUnused();
        return elements == columns && Node.Input(1)!.Constant == written;
    }
}
