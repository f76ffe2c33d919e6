using System.Text.RegularExpressions;

namespace ModelOptimizer.Profiles;

internal enum ScalarType
{
    Null,
    Boolean,
    Integer,
    Float,
    Text,
}

/// <summary>What an unquoted scalar is: the core schema of YAML 1.2 (§10.3.2), where <c>yes</c> and <c>on</c> are texts.</summary>
internal static partial class CoreSchema
{
    public static ScalarType TypeOf(ProfileScalar scalar) => scalar switch
    {
        { IsPlain: false } => ScalarType.Text,
        { Text: "" or "~" or "null" or "Null" or "NULL" } => ScalarType.Null,
        { Text: "true" or "True" or "TRUE" or "false" or "False" or "FALSE" } => ScalarType.Boolean,
        _ when Integer().IsMatch(scalar.Text) => ScalarType.Integer,
        _ when Float().IsMatch(scalar.Text) => ScalarType.Float,
        _ => ScalarType.Text,
    };

    /// <summary>What YAML 1.1 took for a boolean; null for other texts.</summary>
    public static string? OldBoolean(string text) => text.ToLowerInvariant() switch
    {
        "yes" or "on" or "y" => "true",
        "no" or "off" or "n" => "false",
        _ => null,
    };

    [GeneratedRegex(@"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\z")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\z")]
    private static partial Regex Float();
}
