using System.CommandLine.Parsing;
using System.Globalization;

namespace ModelOptimizer.Tool;

/// <summary>Readers of options that hold a number. What is none is told as a usage error; a validator would throw when it asks for the value.</summary>
internal static class NumberParsers
{
    /// <summary>Reads a whole number.</summary>
    public static Func<ArgumentResult, int> Whole(string option, int minimum) => argument =>
    {
        var text = argument.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum)
            return number;
        argument.AddError($"{option} is a number from {minimum} on, not '{text}'");
        return minimum;
    };

    /// <summary>Reads a ratio as profiles write it: <c>1%</c>, <c>0.01</c> or <c>1e-2</c>.</summary>
    public static Func<ArgumentResult, double?> Ratio(string option) => argument =>
    {
        var text = argument.Tokens[0].Value;
        if (Profiles.Ratio.TryParse(text, out var ratio))
            return ratio.Value;
        argument.AddError($"{option} is a ratio from 0 on, such as 1% or 1e-4, not '{text}'");
        return null;
    };
}
