using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>What one setting made of one model, in JSON on its way from the process that measured it.</summary>
internal sealed record QuantizationRow(string Model, string Setting)
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Of the model with its external data.</summary>
    public long Bytes { get; init; }

    /// <summary>The same after Brotli.</summary>
    public long CompressedBytes { get; init; }

    /// <summary>How well it does its task; null where the data has no truth.</summary>
    public string? Quality { get; init; }

    /// <summary>Against the original, at the worst output, in dB; null where no output is real.</summary>
    public double? Sqnr { get; init; }

    public double? Cosine { get; init; }

    /// <summary>How many decisions are the original's.</summary>
    public string? Decisions { get; init; }

    /// <summary>Time ÷ the original's time with one thread and with two.</summary>
    public IReadOnlyList<double> Times { get; init; } = [];

    /// <summary>What the quantizing passes took, calibration included.</summary>
    public double Seconds { get; init; }

    /// <summary>The most memory that was resident until the result was written.</summary>
    public long PeakBytes { get; init; }

    /// <summary>What the passes that quantize left alone, each with a reason in the report.</summary>
    public int Refusals { get; init; }

    /// <summary>Why there is no result, or what is wrong with it; null when nothing is.</summary>
    public string? Trouble { get; init; }

    public static QuantizationRow Parse(string text) => JsonSerializer.Deserialize<QuantizationRow>(text, Json)!;

    public override string ToString() => JsonSerializer.Serialize(this, Json);
}
