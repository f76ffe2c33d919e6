using System.Reflection;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>The profiles that come with the product, named <c>preset:NAME</c>: YAML like any other.</summary>
public static class BuiltInPresets
{
    private const string Suffix = ".yaml";
    private static readonly string Prefix = $"{typeof(BuiltInPresets).Namespace}.Presets.";
    private static readonly Assembly Home = typeof(BuiltInPresets).Assembly;

    /// <summary>Their names without the prefix.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Home.GetManifestResourceNames()
        .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal) && resource.EndsWith(Suffix, StringComparison.Ordinal))
        .Select(resource => resource[Prefix.Length..^Suffix.Length])
        .Order(StringComparer.Ordinal)];

    /// <summary>The YAML of a preset; null when there is none of that name.</summary>
    public static string? Text(string name)
    {
        if (!Names.Contains(name))
            return null;
        using var reader = new StreamReader(Home.GetManifestResourceStream(Prefix + name + Suffix)!);
        return reader.ReadToEnd();
    }

    /// <summary>The tree of a preset that exists.</summary>
    internal static ProfileMap Tree(string name)
    {
        var mistakes = new DiagnosticBag();
        var tree = YamlTreeReader.Read(new ProfileSource(name, Text(name)!), new Variables(new Dictionary<string, string>()), mistakes);
        mistakes.ThrowIfErrors();
        return tree!;
    }
}
