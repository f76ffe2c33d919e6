using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>How compressed weights are written down.</summary>
public enum WeightFormat
{
    /// <summary>Standard operators where the model's opset has them and the runtime fuses them, contrib operators elsewhere.</summary>
    Auto,

    /// <summary>Only operators of the ONNX standard.</summary>
    Standard,

    /// <summary>Only operators of ONNX Runtime's <c>com.microsoft</c> domain, which exist at every opset.</summary>
    Contrib,
}

public sealed record QuantizeWeightsOptions : QuantizationOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("Bits of a weight. 8 is as good as float for most models; 4 and 2 need blocks and a look at the metrics.", Choices = [2, 4, 8])]
    public int Bits { get; init; } = 8;

    [Option("Weights that share a scale along the depth of a matrix product. Left out: one scale for each output channel with 8 bits where " +
        "the runtime fuses that form, else blocks of 128; blocks of 32 with fewer bits.", Choices = [16, 32, 64, 128, 256], Example = "32")]
    public int? BlockSize { get; init; }

    [Option("One scale for each output channel, whatever the bits; block-size is then not used.")]
    public bool PerChannel { get; init; }

    [Option("How codes are chosen: `round-to-nearest`; `mse` leaves each block the least squared error; `k-quant` counts errors of large weights "
        + "more; `hqq` brings most weights very close and lets a few be far off; `gptq` lets weights make up for each other's errors on calibration data.")]
    public WeightAlgorithm Algorithm { get; init; } = WeightAlgorithm.RoundToNearest;

    [Option("Zero is the middle of the grid. False gives each block its own zero point: a little larger, better for lopsided weights.")]
    public bool Symmetric { get; init; } = true;

    [Option("How the weights are written: standard operators, ONNX Runtime's contrib operators, or whichever the runtime fuses at the " +
        "model's opset.")]
    public WeightFormat Format { get; init; } = WeightFormat.Auto;

    [Option("Also store weights of convolutions, recurrent layers and other operators in 8 bits, though the runtime turns them back into " +
        "floats at every run: a smaller file, a slower model.")]
    public bool Storage { get; init; }
}
