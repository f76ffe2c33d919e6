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

    /// <summary>Reads whole numbers.</summary>
    public static Func<ArgumentResult, int[]> Wholes(string option, int minimum) => argument =>
    {
        var numbers = new List<int>();
        foreach (var token in argument.Tokens)
            if (int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum)
                numbers.Add(number);
            else
                argument.AddError($"{option} takes numbers from {minimum} on, not '{token.Value}'");
        return [.. numbers];
    };

    /// <summary>Reads a time as profiles write it: <c>500ms</c>, <c>3s</c>.</summary>
    public static Func<ArgumentResult, TimeSpan> Time(string option) => argument =>
    {
        var text = argument.Tokens[0].Value;
        if (Profiles.Duration.TryParse(text, out var duration) && duration.Value > TimeSpan.Zero)
            return duration.Value;
        argument.AddError($"{option} is a time such as 500ms or 3s, not '{text}'");
        return TimeSpan.Zero;
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

    /// <summary>Reads a size as profiles write it: <c>2GiB</c>, <c>500 MB</c>.</summary>
    public static Func<ArgumentResult, Profiles.ByteSize?> Size(string option) => argument =>
    {
        var text = argument.Tokens[0].Value;
        if (Profiles.ByteSize.TryParse(text, out var size) && size.Bytes > 0)
            return size;
        argument.AddError($"{option} is a size such as 2GiB or 500MB, not '{text}'");
        return null;
    };
}
