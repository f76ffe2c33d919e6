using System.Globalization;

namespace ModelOptimizer.Profiles;

/// <summary>Numbers with a unit behind, with or without a space between.</summary>
internal static class Quantity
{
    /// <summary>Reads a number and multiplies it by its unit's factor; without a unit the factor is one.</summary>
    public static bool TryParse(string text, IReadOnlyDictionary<string, double> units, out double value)
    {
        var (number, unit) = Split(text);
        value = 0;
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            return false;
        if (unit.Length > 0 && !units.ContainsKey(unit))
            return false;
        value = count * (unit.Length > 0 ? units[unit] : 1);
        return double.IsFinite(value);
    }

    /// <summary><c>2 MiB</c> is <c>2</c> and <c>MiB</c>.</summary>
    public static (string Number, string Unit) Split(string text)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        return (text[..end], text[end..].Trim());
    }

    /// <summary>The pattern that JSON Schema holds such texts to.</summary>
    public static string Pattern(IReadOnlyDictionary<string, double> units) =>
        $@"^[0-9]+(\.[0-9]+)?\s*({string.Join('|', units.Keys)})$";
}
