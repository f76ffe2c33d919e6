using System.Text.Json.Serialization;

namespace ModelOptimizer.Calibration;

/// <summary>What calibration data shows of the channels of a value [batch, channels, …]; empty for a value that has none.</summary>
/// <param name="Means">E[x] of each channel.</param>
/// <param name="Squares">E[x²] of each channel.</param>
internal sealed record ChannelMoments(float[] Means, float[] Squares)
{
    /// <summary>How their section of a ranges file is named.</summary>
    public const string Name = "moments";

    public static ChannelMoments None { get; } = new([], []);

    /// <summary>False for what a damaged file gives.</summary>
    [JsonIgnore]
    public bool IsWhole => Means is not null && Squares is not null && Means.Length == Squares.Length;
}
