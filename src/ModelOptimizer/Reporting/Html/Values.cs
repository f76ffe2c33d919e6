using System.Globalization;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Numbers as people read them, in every culture the same.</summary>
internal static class Values
{
    public static string Bytes(long bytes) => new ByteSize(bytes).ToString();

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1.34 M</c>.</summary>
    public static string Short(double number) => number switch
    {
        >= 1e9 => Scaled(number / 1e9) + " G",
        >= 1e6 => Scaled(number / 1e6) + " M",
        >= 1e4 => Scaled(number / 1e3) + " k",
        _ => Scaled(number),
    };

    public static string Ratio(long whole, long part) => whole == 0 ? "–" : ((double)part / whole).ToString("0.0%", CultureInfo.InvariantCulture);

    /// <summary>A metric's value; a plain number for one that this version does not know.</summary>
    public static string Of(string metric, double value) => MetricFormat.Format(MetricCatalog.Find(metric)?.Unit ?? MetricUnit.Number, value);

    public static string Decibels(double value) => MetricFormat.Format(MetricUnit.Decibel, value);

    private static string Scaled(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
