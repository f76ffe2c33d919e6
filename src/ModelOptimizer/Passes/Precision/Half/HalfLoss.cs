using System.Globalization;

namespace ModelOptimizer.Passes;

/// <summary>What computing in float16 loses where no choice of parts that stay float32 helps. All noise is noise power over signal power.</summary>
/// <param name="Noise">Of the model as it becomes; infinite where outputs are not finite, or no longer zero.</param>
/// <param name="Stored">Of the model that computes in float32 and only stores constants in float16.</param>
/// <param name="Parts">How many parts were tried alone; 0 where none was.</param>
/// <param name="Least">Of the part that loses least alone.</param>
internal sealed record HalfLoss(double Noise, double Stored, int Parts = 0, double Least = 0)
{
    /// <summary>
    /// 30 dB: ten thousand times what rounding does to a single value, whose relative error is spread evenly up to 2⁻¹¹, (2⁻¹¹)² / 3 or 71 dB. Where one
    /// part alone does that, the rest of the model has magnified it.
    /// </summary>
    private const double Magnified = 1e-3;

    /// <summary>Whether stored constants alone do.</summary>
    public static bool IsMagnified(double noise) => noise > Magnified;

    /// <summary>What happened, why, and the way out.</summary>
    public string Words => $"{(double.IsPositiveInfinity(Noise)
        ? "Computed in float16, the model's outputs on calibration samples are not finite, no longer zero, or not to be had"
        : $"Computed in float16, the model keeps {Left(Noise)} at its outputs on calibration samples")}{Cause}. {WayOut}";

    private string Cause => IsMagnified(Stored) ? ": even with float32 arithmetic, constants in float16 cost so much, since the model magnifies any noise"
        : Parts > 1 && IsMagnified(Least)
            ? $": of {Parts} parts, each alone in float16, none keeps more than {Left(Least)}, since the model magnifies any noise"
        : Parts > 0 ? ", and keeping some of its parts in float32 does not help"
        : "";

    private string WayOut => IsMagnified(Stored)
        ? $"'form: storage' keeps no more than {Left(Stored)}: leave convert-float16 out, or 'exclude' weights and compare"
        : $"Take 'form: storage', which keeps {Left(Stored)} and is as small";

    private static string Left(double noise) => noise == 0 ? "everything"
        : double.IsPositiveInfinity(noise) ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{-10 * Math.Log10(noise):0.#} dB (SQNR)");
}
