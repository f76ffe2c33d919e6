using System.Globalization;

namespace ModelOptimizer.Profiles;

/// <summary>A size, written <c>2 MiB</c>, <c>2MB</c> or as plain bytes.</summary>
public readonly record struct ByteSize(long Bytes)
{
    internal static readonly IReadOnlyDictionary<string, double> Units = new Dictionary<string, double>
    {
        ["B"] = 1,
        ["kB"] = 1e3,
        ["KB"] = 1e3,
        ["MB"] = 1e6,
        ["GB"] = 1e9,
        ["KiB"] = 1L << 10,
        ["MiB"] = 1L << 20,
        ["GiB"] = 1L << 30,
    };

    /// <summary>Reads <c>2 MiB</c>, <c>1.5MB</c> or <c>2048</c>.</summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        var isQuantity = Quantity.TryParse(text, Units, out var bytes);
        size = new ByteSize(isQuantity && bytes < long.MaxValue ? (long)Math.Round(bytes) : 0);
        return isQuantity && bytes < long.MaxValue;
    }

    public override string ToString() => Bytes switch
    {
        >= 1L << 30 => Format(1L << 30, "GiB"),
        >= 1L << 20 => Format(1L << 20, "MiB"),
        >= 1L << 10 => Format(1L << 10, "KiB"),
        _ => $"{Bytes} B",
    };

    private string Format(double unit, string name) => (Bytes / unit).ToString("0.##", CultureInfo.InvariantCulture) + " " + name;
}
