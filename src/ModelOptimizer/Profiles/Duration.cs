using System.Globalization;

namespace ModelOptimizer.Profiles;

/// <summary>A time, written <c>5 ms</c>, <c>1.5 s</c> or <c>2 min</c>; it always has a unit.</summary>
public readonly record struct Duration(TimeSpan Value)
{
    internal static readonly IReadOnlyDictionary<string, double> Units = new Dictionary<string, double>
    {
        ["us"] = 1e-6,
        ["ms"] = 1e-3,
        ["s"] = 1,
        ["min"] = 60,
    };

    /// <summary>Reads <c>5 ms</c>. A number without a unit is no time.</summary>
    public static bool TryParse(string text, out Duration duration)
    {
        var isQuantity = Quantity.TryParse(text, Units, out var seconds) && !char.IsAsciiDigit(text[^1])
            && seconds < TimeSpan.MaxValue.TotalSeconds;
        duration = new Duration(isQuantity ? TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond)) : default);
        return isQuantity;
    }

    public override string ToString() => Value.TotalSeconds switch
    {
        >= 60 => Format(60, "min"),
        >= 1 => Format(1, "s"),
        >= 1e-3 => Format(1e-3, "ms"),
        _ => Format(1e-6, "us"),
    };

    private string Format(double unit, string name) => (Value.TotalSeconds / unit).ToString("0.##", CultureInfo.InvariantCulture) + " " + name;
}
