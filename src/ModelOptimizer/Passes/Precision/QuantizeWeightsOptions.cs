using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>How compressed weights are written down.</summary>
public enum WeightFormat
{
    /// <summary>Standard operators where the model's opset has them and the runtime fuses them, contrib operators elsewhere.</summary>
    Auto,

    /// <summary>Only operators of the ONNX standard; a model whose opset lacks them is upgraded.</summary>
    Standard,

    /// <summary>
    /// Quantized operators of ONNX Runtime's <c>com.microsoft</c> domain only, which exist at every opset. Rows of 8 bits are looked up by Gather
    /// and multiplied by their scales.
    /// </summary>
    Contrib,
}

public sealed record QuantizeWeightsOptions : QuantizationOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("Bits of a weight. 8 is as good as float for most models; fewer need blocks and a look at the metrics. 3 are stored in 4 bits, 5 and 6 in "
        + "8: they gain only where the file is compressed, as an embedded resource may be.", Choices = [2, 3, 4, 5, 6, 8])]
    public int Bits { get; init; } = 8;

    [Option("What the whole model may take: each weight gets the bits, blocks and algorithm, or is float16 or stays float32, so that the error is least and "
        + "all fits. Calibration data tells which weights matter. `bits` is the most then, `block-size` holds for all, and `symmetric: false` lets weights choose.",
        Minimum = 1, Example = "4 MiB")]
    public ByteSize? Budget { get; init; }

    [Option("Weights that share a scale along the depth of a matrix product. Left out: one scale for each output channel with 8 bits where " +
        "the runtime fuses that form, else blocks of 128, as with 5 and 6 bits; blocks of 32 with fewer.", Choices = [16, 32, 64, 128, 256], Example = "32")]
    public int? BlockSize { get; init; }

    [Option("One scale for each output channel, whatever the bits; block-size is then not used.")]
    public bool PerChannel { get; init; }

    [Option("Bits of the LM head, the last product, which gives each word of the vocabulary its score: often worth more than the rest. 32 leaves it as it "
        + "is. Of a table that is also the LM head the larger of this and embedding-bits counts.", Choices = [2, 3, 4, 5, 6, 8, 32], Example = "8")]
    public int? LmHeadBits { get; init; }

    [Option("Bits of tables that rows are looked up in, such as those of words. Fewer than 8 need ONNX Runtime's GatherBlockQuantized: under "
        + "`format: standard` rows keep 8. 32 leaves tables as they are.", Choices = [2, 3, 4, 5, 6, 8, 32], Example = "8")]
    public int? EmbeddingBits { get; init; }

    [Option("Bits of the first and the last block of layers, whose errors cost most: a block is what comes again and again in the order of layers, "
        + "such as attention with its feed-forward network. Where nothing does, the outermost layers. 32 leaves them as they are.",
        Choices = [2, 3, 4, 5, 6, 8, 32], Example = "8")]
    public int? FirstLastBits { get; init; }

    [Option("How codes are chosen: `round-to-nearest`; `mse` leaves each block the least squared error; `k-quant` counts errors of large weights "
        + "more; `hqq` brings most weights very close and lets a few be far off; `gptq` lets weights make up for each other's errors on calibration data; "
        + "`awq` divides large inputs, as calibration data shows them, by scales that go into what stands before, and rounds their weights finer for "
        + "it; it can't stand beside `budget`.")]
    public WeightAlgorithm Algorithm { get; init; } = WeightAlgorithm.RoundToNearest;

    [Option("What `gptq` adds to the mean square of each input, as a part of the mean of all: more of it lets codes change less for inputs that "
        + "calibration data shows little of. Left out: 0.01.", Minimum = 0.000001, Maximum = 10, Example = "0.05")]
    public double? GptqDamping { get; init; }

    [Option("Whether `gptq` chooses the codes of those inputs first that matter most, or goes by their order in the model. It costs nothing at run "
        + "time: blocks stay where they are. Left out: true.", Example = "false")]
    public bool? ActivationOrder { get; init; }

    [Option("Zero is the middle of the grid. False gives each block its own zero point: a little larger, better for lopsided weights.")]
    public bool Symmetric { get; init; } = true;

    [Option("How the weights are written: standard operators, ONNX Runtime's contrib operators, or whichever the runtime fuses at the " +
        "model's opset. `standard` upgrades the model where its opset is too old: blocks and 4 bits need 21, 2 bits need 25.")]
    public WeightFormat Format { get; init; } = WeightFormat.Auto;

    [Option("Also store weights of convolutions, GRU and other operators in 8 bits, though the runtime turns them back into " +
        "floats at every run: a smaller file, a slower model.")]
    public bool Storage { get; init; }

    internal GptqSettings Learning => GptqSettings.Default with
    {
        Damping = GptqDamping ?? GptqSettings.Default.Damping,
        ByImportance = ActivationOrder ?? GptqSettings.Default.ByImportance,
    };
}
