using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The packages as a user gets them: packed once per run, in a feed of their own, under a version that no cache knows.</summary>
[SetUpFixture]
public sealed class PackageFeed
{
    public static string Version { get; } = $"0.1.0-test.{Environment.ProcessId}";

    public static string Root { get; } = Directory.CreateTempSubdirectory("model-optimizer-").FullName;

    public static string Folder { get; } = Path.Combine(Root, "feed");

    /// <summary>The packages that the tests restore; what they share with the repository comes from the machine's own cache.</summary>
    public static string Cache { get; } = Path.Combine(Root, "packages");

    /// <summary>Where optimized models are remembered across projects.</summary>
    public static string UserCache { get; } = Path.Combine(Root, "user cache");

    public static string MachineCache { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set ? set
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    public static string NuGetConfig => $"""
        <configuration>
          <packageSources>
            <clear />
            <add key="model-optimizer" value="{Folder}" />
          </packageSources>
          <fallbackPackageFolders>
            <add key="machine" value="{MachineCache}" />
          </fallbackPackageFolders>
        </configuration>
        """;

    [OneTimeSetUp]
    public void Pack()
    {
        Directory.CreateDirectory(MachineCache);
        File.WriteAllText(Path.Combine(Root, "nuget.config"), NuGetConfig);
        foreach (var project in new[] { "ModelOptimizer.Tool", "ModelOptimizer.Tasks" })
            DotNet.Pack(Path.Combine(Repository.Root, "src", project), Folder, Version);
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(Root, recursive: true);
}
