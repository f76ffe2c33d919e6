using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What a process said and how it ended.</summary>
internal sealed record ProcessResult(int ExitCode, string Output)
{
    public ProcessResult ShouldSucceed()
    {
        Assert.That(ExitCode, Is.Zero, Output);
        return this;
    }
}

/// <summary>Runs <c>dotnet</c> as a user's shell would: without what the test runner's own build left in the environment.</summary>
internal static class DotNet
{
    /// <summary>Runs in a folder of the tests, with their own package cache.</summary>
    public static ProcessResult Run(string folder, params string[] arguments) => Begin(folder, arguments).End();

    /// <summary>As <see cref="Run(string, string[])"/>, without waiting for the end.</summary>
    public static RunningProcess Begin(string folder, params string[] arguments)
    {
        // Whoever started the tests in the background had SIGINT ignored, and children inherit that.
        var start = OperatingSystem.IsLinux() ? Start(folder, ["--default-signal=INT", "dotnet", .. arguments], "env") : Start(folder, arguments);
        start.Environment["NUGET_PACKAGES"] = PackageFeed.Cache;
        return new RunningProcess(start);
    }

    /// <summary>Runs as a user whose home is another folder, where global tools are installed and found, and caches kept.</summary>
    public static ProcessResult RunAtHome(string home, string folder, params string[] arguments)
    {
        var start = Start(folder, arguments);
        start.Environment["HOME"] = home;
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(home, ".cache");
        start.Environment["NUGET_PACKAGES"] = PackageFeed.Cache;
        start.Environment["DOTNET_CLI_HOME"] = home;
        start.Environment["PATH"] = $"{Path.Combine(home, ".dotnet", "tools")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        return new RunningProcess(start).End();
    }

    /// <summary>Runs where no network can be reached.</summary>
    public static ProcessResult RunOffline(string folder, params string[] arguments)
    {
        var start = Start(folder, ["-n", "dotnet", .. arguments], "unshare");
        start.Environment["NUGET_PACKAGES"] = PackageFeed.Cache;
        return new RunningProcess(start).End();
    }

    /// <summary>Runs with the machine's own package cache and sources.</summary>
    public static ProcessResult RunOnline(string folder, params string[] arguments) => new RunningProcess(Start(folder, arguments)).End();

    /// <summary>Packs a project of the repository, with the machine's own package cache.</summary>
    public static void Pack(string project, string feed, string version, params string[] arguments) =>
        new RunningProcess(Start(project, ["pack", "-c", "Release", "-o", feed, $"-p:PackageVersion={version}", "-v:q", .. arguments])).End().ShouldSucceed();

    private static ProcessStartInfo Start(string folder, string[] arguments, string program = "dotnet")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var name in start.Environment.Keys.Where(IsOfTheRunner).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        // Results of other runs, and the user's own, are none of the tests' business.
        start.Environment["XDG_CACHE_HOME"] = PackageFeed.UserCache;
        // Nor do projects of different tests get each other's.
        start.Environment["MODELOPT_CACHE"] = Path.Combine(PackageFeed.UserCache, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder))));
        return start;
    }

    private static bool IsOfTheRunner(string name) =>
        name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name is "DOTNET_HOST_PATH" or "CI";
}
