using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// A layer whose weights can be fitted anew: Conv, ConvTranspose whose blocks don't overlap, Gemm or MatMul with a constant float32 weight.
/// </summary>
/// <param name="Node">The layer.</param>
/// <param name="Bias">Where a shift of its outputs can go; null where there is no place.</param>
internal sealed record RefitLayer(Node Node, RefitBias? Bias) : IRefit
{
    /// <summary>Rows that a fit goes by, for each input of the layer.</summary>
    private const int RowsPerInput = 16;

    private const int FewestRows = 4096;
    private const int MostRows = 16384;

    /// <summary>The sum that it is fitted to; null for its own result.</summary>
    public ResidualSum? Residual { get; init; }

    public RowForm InputRows { get; } = Node.OpType switch
    {
        "Conv" => new PatchRows(ConvolutionWindow.Of(Node, Node.Input(1)!.Constant!)),
        "ConvTranspose" => new ChannelRows(),
        _ => new MatrixRows(),
    };

    public Tensor Weight => Node.Input(1)!.Constant!;

    /// <summary>Results of one row.</summary>
    public int Outputs => (int)(Weight.ElementCount / Depth);

    /// <summary>Weights of an output.</summary>
    public int Depth => IsTransposed ? (int)Weight.Dimensions[0] : Matrix.Depth;

    public int TargetAxis => Node.Is("Conv", "ConvTranspose") ? 1 : -1;

    /// <summary>Outputs of a row that are one channel: those that a transposed convolution makes of a place.</summary>
    public int PlacesOfChannel => IsTransposed ? (int)(Weight.Dimensions[2] * Weight.Dimensions[3]) : 1;

    int IRefit.Inputs => Depth;

    private bool IsTransposed => Node.Is("ConvTranspose");

    private RowForm OutputRows => Node.OpType switch
    {
        "Conv" => new ChannelRows(),
        "ConvTranspose" => new BlockRows((int)Weight.Dimensions[2], (int)Weight.Dimensions[3]),
        _ => new MatrixRows(),
    };

    private int ChannelAxis => Node.Is("Conv") || Node.Attributes.GetInt("transB", 0) != 0 ? 0 : 1;

    private WeightMatrix Matrix => new(Weight, ChannelAxis);

    /// <summary>What is added to its products before they are held against the target; null for nothing.</summary>
    public Tensor? AddedBias => IsTransposed ? Node.Input(2)?.Constant
        : Residual is null && Node.Is("MatMul") ? null
        : Bias is { } bias ? bias.Reader.Input(bias.Slot)?.Constant : null;

    /// <summary>Its result with the bias that another node adds.</summary>
    public Value Result => Bias is { } bias && bias.Reader != Node ? bias.Reader.Output() : Node.Output();

    public RowView Input(long samples) => new(Node.Input(0)!, InputRows, Depth, RowsOfSample(samples));

    public RowView Target(long samples) => new(Residual?.Sum ?? Node.Output(), OutputRows, Outputs, RowsOfSample(samples));

    public RowView? Skip(long samples) => Residual is { } sum ? new(sum.Skip, OutputRows, Outputs, RowsOfSample(samples)) : null;

    public string? Fit(RefitRows rows, OnnxModel model, FloatBuffers buffers, Func<string, bool> announce) =>
        new LayerRefit(this, rows, buffers).Run(model, announce);

    /// <summary>How many rows of each sample are looked at, so that there are enough of all.</summary>
    public int RowsOfSample(long samples) => OfSample(RowsPerInput * (long)Depth, samples);

    /// <summary>How many rows of each sample are so many of all, within what is sensible.</summary>
    public static int OfSample(long rows, long samples) => (int)Math.Max(1, (Math.Clamp(rows, FewestRows, MostRows) + samples - 1) / samples);

    /// <returns>The layer, or why its weights stay as they are.</returns>
    public static (RefitLayer? Layer, string? Why) Of(Node node)
    {
        if (!node.Is("Conv", "ConvTranspose", "Gemm", "MatMul"))
            return (null, $"weights of {node.OpType} are not fitted anew");
        if (node.Graph!.Owner is not null || node.Graph.IsFunction)
            return (null, "it stands in a body");
        if (node.Input(1)?.Constant is not { ElementType: DataType.Float } weight || (!node.Is("Conv", "ConvTranspose") && weight.Dimensions.Length != 2))
            return (null, "its weight is no float32 matrix or kernel");
        if (node.Input(1)!.Uses.Count > 1)
            return (null, $"{node.Input(1)!.Uses.Count} nodes read its weight");
        var attributes = node.Attributes;
        if (attributes.GetInt("group", 1) != 1)
            return (null, "its channels are summed in groups");
        if (node.Is("ConvTranspose") && !TilesItsResult(node, weight))
            return (null, "what it makes of neighbours overlaps, or is cut");
        if (attributes.GetInt("transA", 0) != 0 || attributes.GetFloat("alpha", 1) != 1 || attributes.GetFloat("beta", 1) != 1)
            return (null, "it transposes its input, or multiplies its result");
        if (!node.Is("MatMul") && node.Input(2) is not null && RefitBias.Of(node) is null)
            return (null, "what it adds to its results is no constant for each of them");
        // What goes differs from place to place of a block, and a bias doesn't.
        return (new(node, node.Is("ConvTranspose") ? null : RefitBias.Of(node)), null);
    }

    /// <summary>Whether each place becomes a block of its own, as large as the kernel.</summary>
    private static bool TilesItsResult(Node node, Tensor weight)
    {
        var (attributes, kernel) = (node.Attributes, weight.Dimensions.Skip(2).ToArray());
        return kernel.Length == 2 && (attributes.TryGetInts("strides") ?? [1, 1]).SequenceEqual(kernel)
            && (attributes.TryGetInts("pads") ?? []).All(pad => pad == 0) && (attributes.TryGetInts("output_padding") ?? []).All(pad => pad == 0)
            && (attributes.TryGetInts("dilations") ?? []).All(step => step == 1) && attributes.TryGetInts("output_shape") is null
            && attributes.TryGetString("auto_pad") is null or "NOTSET" or "VALID";
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
