using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

/// <summary>A folder of profiles for one test.</summary>
internal sealed class ProfileFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("profiles-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
    }

    /// <summary>Reads a profile; what it reports has file names without the folder.</summary>
    public (ResolvedProfile? Profile, IReadOnlyList<string> Mistakes) Read(string name, params (string Name, string Value)[] variables)
    {
        var bag = new DiagnosticBag();
        var profile = ProfileReader.Resolve(this[name], bag, variables.ToDictionary(v => v.Name, v => v.Value), FakePasses.Vocabulary);
        return (profile, [.. bag.Diagnostics.Select(Relative)]);
    }

    /// <summary>The mistakes of a single file, without its name: <c>(line,column) CODE message</c>.</summary>
    public static IReadOnlyList<string> Mistakes(string text, params (string Name, string Value)[] variables)
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", text);
        return [.. folder.Read("p.yaml", variables).Mistakes.Select(mistake =>
            mistake.Replace("p.yaml(", "(", StringComparison.Ordinal).Replace(": error", "", StringComparison.Ordinal).Replace(": ", " ", 1))];
    }

    /// <summary>A profile that must have no mistakes.</summary>
    public static OptimizationProfile Profile(string text, params (string Name, string Value)[] variables)
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", text);
        var (profile, mistakes) = folder.Read("p.yaml", variables);
        Assert.That(mistakes, Is.Empty);
        return profile!.Profile;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Relative(Diagnostic diagnostic) =>
        diagnostic.ToString().Replace(_folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
}

internal static class StringExtensions
{
    /// <summary>Replaces the first occurrences only.</summary>
    public static string Replace(this string text, string old, string replacement, int times)
    {
        for (var at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && times > 0; at = text.IndexOf(old, at, StringComparison.Ordinal), times--)
            text = text[..at] + replacement + text[(at + old.Length)..];
        return text;
    }
}
