using System.Text.RegularExpressions;

namespace ModelOptimizer.Passes;

/// <summary>Names of passes in profiles: <c>QuantizeWeights</c> is <c>quantize-weights</c>.</summary>
public static partial class PassNames
{
    public static string Of(Type pass) => ToKebabCase(pass.Name);

    public static string ToKebabCase(string pascal) => WordStart().Replace(pascal, "-$1").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])([A-Z])")]
    private static partial Regex WordStart();
}
