using System.Globalization;

namespace ModelOptimizer.Profiles;

/// <summary>A fraction, written <c>25%</c> or <c>0.25</c>.</summary>
/// <param name="Value">The fraction: 0.25 for a quarter.</param>
public readonly record struct Ratio(double Value)
{
    /// <summary>How percentages are written; plain numbers are fractions.</summary>
    internal const string Pattern = @"^[0-9]+(\.[0-9]+)?\s*%$";

    /// <summary>Reads <c>25%</c> or <c>0.25</c>.</summary>
    public static bool TryParse(string text, out Ratio ratio)
    {
        var isPercent = text.EndsWith('%');
        var digits = isPercent ? text[..^1].TrimEnd() : text;
        var style = isPercent ? NumberStyles.AllowDecimalPoint : NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        // Decimal, so that 0.1% and 0.001 are one number.
        var isNumber = decimal.TryParse(digits, style, CultureInfo.InvariantCulture, out var number);
        ratio = new Ratio((double)(isPercent ? number / 100 : number));
        return isNumber;
    }

    public override string ToString() => (Value * 100).ToString("0.##", CultureInfo.InvariantCulture) + "%";
}
