using System.Globalization;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>Numbers as people read them.</summary>
internal static class Quantities
{
    public static string Bytes(long bytes) => new ByteSize(bytes).ToString();

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><c>1 node</c>, <c>1,234 nodes</c>.</summary>
    public static string Count(long number, string what) => $"{Count(number)} {what}{(number == 1 ? "" : "s")}";

    /// <summary><c>+3</c>, <c>-1,200</c>; nothing when equal.</summary>
    public static string Difference(long before, long after) => (after - before).ToString("+#,0;-#,0;''", CultureInfo.InvariantCulture);

    public static string Percent(double fraction) => fraction.ToString("0.0%", CultureInfo.InvariantCulture);
}
