using System;
using System.Globalization;
using System.Text.RegularExpressions;

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

    /// <returns>The value; empty when nothing is set.</returns>
    /// <exception cref="ArgumentException">It holds a secret, which would stand in the build's log.</exception>
    public static string Address(string property, string value) => value.IndexOf('@') < 0 ? value.Trim()
        : throw new ArgumentException(
            $"{property} holds a user or password, which logs would show. Set the environment variable MODELOPT_CACHE_URL instead");

    /// <returns>The value; empty when nothing is set.</returns>
    /// <exception cref="ArgumentException">It is no size.</exception>
    public static string Size(string property, string value)
    {
        var trimmed = value.Trim();
        if (trimmed.Length == 0 || Regex.IsMatch(trimmed, @"^(?=.*[1-9])[0-9]+(\.[0-9]*)? *([kKMG]?B|[KMG]iB)?$"))
            return trimmed;
        throw new ArgumentException($"{property} is '{trimmed}', which is no size such as 2GiB or 500MB");
    }
}
