using System.Globalization;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>Writes a metric's numbers for humans, the same in every culture.</summary>
public static class MetricFormat
{
    /// <summary>E.g. <c>1.85 MiB</c>, <c>29.5%</c>, <c>41.2 dB</c>, <c>9.527</c>.</summary>
    public static string Format(MetricUnit unit, double value) => unit switch
    {
        _ when double.IsNaN(value) => "not a number",
        MetricUnit.Decibel when double.IsPositiveInfinity(value) => "no noise",
        MetricUnit.Bytes => new ByteSize((long)value).ToString(),
        // Cosines live just below one, where two decimals would hide the difference.
        MetricUnit.Rate when value is > 0.999 and < 1 => Number(value * 100, "0.####") + "%",
        MetricUnit.Ratio or MetricUnit.Rate => Number(value * 100, "0.##") + "%",
        MetricUnit.Decibel => Number(value, "0.0") + " dB",
        _ => Number(value, Math.Abs(value) is >= 1e-3 and < 1e6 or 0 ? "0.#####" : "0.###e+0"),
    };

    /// <summary>A difference of rates, which is no percentage of anything: <c>0.5 points</c>.</summary>
    public static string Points(double difference) => Number(difference * 100, "0.##") + " points";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
