namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What self-contained, trimmed and native programs need besides the SDK: packages, fetched once into the machine's cache, and a linker.</summary>
internal static class RuntimePacks
{
    private static readonly Lazy<string?> SelfContained = new(() => Fetch("<PublishTrimmed>true</PublishTrimmed>"));
    private static readonly Lazy<string?> Native = new(() => Fetch("<PublishAot>true</PublishAot>"));

    /// <summary>The compiler links with clang where it is, else with gcc.</summary>
    public static string[] Linker => Has("clang") ? [] : ["-p:CppCompilerAndLinker=gcc"];

    /// <summary>Ignores the test, saying why, where something is missing.</summary>
    public static void Need(bool native)
    {
        if (native && !Has("clang") && !Has("gcc"))
            Assert.Ignore("Native compilation needs clang or gcc, and neither is on this machine");
        if ((native ? Native : SelfContained).Value is { } problem)
            Assert.Ignore(problem);
    }

    /// <returns>Why they can't be had; null when they are there.</returns>
    private static string? Fetch(string property)
    {
        var folder = Directory.CreateTempSubdirectory("runtime-packs-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "fetch.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework><RuntimeIdentifier>{System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}</RuntimeIdentifier>
                    <SelfContained>true</SelfContained>{property}
                  </PropertyGroup>
                </Project>
                """);
            var restored = DotNet.RunOnline(folder, "restore");
            return restored.ExitCode == 0 ? null : $"The packages for self-contained programs can't be fetched: {restored.Output.Trim()}";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));
}
