using System.Text.Json.Serialization;

namespace ModelOptimizer.Calibration;

/// <summary>What calibration data shows of the channels of a value; empty for a value that has none.</summary>
/// <param name="Means">E[x] of each channel.</param>
/// <param name="Squares">E[x²] of each channel.</param>
internal sealed record ChannelMoments(float[] Means, float[] Squares)
{
    /// <summary>How their section of a ranges file is named.</summary>
    public const string Name = "moments";

    public static ChannelMoments None { get; } = new([], []);

    /// <summary>Standard errors of the mean that it has to exceed to be more than chance.</summary>
    private const double Significant = 2;

    /// <summary>How many elements of each channel were seen.</summary>
    public long Count { get; init; }

    /// <summary>The part of the mean square that goes when the mean goes.</summary>
    [JsonIgnore]
    public double Share => Squares.Sum() == 0 ? 0 : SignificantMeans().Sum(mean => mean * mean) / Squares.Sum(square => (double)square);

    /// <summary>The means that are no chance; zero for other channels.</summary>
    public double[] SignificantMeans() => [.. Means.Zip(Squares, (mean, square) =>
        Math.Abs(mean) > Significant * Math.Sqrt(Math.Max(0, square - (double)mean * mean) / Count) ? mean : 0.0)];

    /// <summary>False for what a damaged file gives.</summary>
    [JsonIgnore]
    public bool IsWhole => Means is not null && Squares is not null && Means.Length == Squares.Length;
}
