using System;
using System.Globalization;

namespace ModelOptimizer.Tasks;

/// <summary>Values of properties, looked at before the tool is, so that a mistake is told with the property's name instead of an option's.</summary>
internal static class PropertyValues
{
    /// <returns>The value; empty when nothing is set.</returns>
    /// <exception cref="ArgumentException">It is no number of 1 or more.</exception>
    public static string Count(string property, string value)
    {
        var trimmed = value.Trim();
        if (trimmed.Length == 0 || (int.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0))
            return trimmed;
        throw new ArgumentException($"{property} is '{trimmed}', which is no number of 1 or more");
    }
}
