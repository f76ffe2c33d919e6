namespace ModelOptimizer.Profiles;

/// <summary>Patterns of C# names, written so that JSON Schema and .NET read them alike.</summary>
internal static class Identifiers
{
    private const string Part = @"[A-Za-z_][A-Za-z0-9_]*";

    public const string Simple = "^" + Part + "$";

    public const string Dotted = "^" + Part + @"(\." + Part + ")*$";
}
