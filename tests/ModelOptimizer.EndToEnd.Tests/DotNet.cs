using System.Diagnostics;
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
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Runs in a folder of the tests, with their own package cache.</summary>
    public static ProcessResult Run(string folder, params string[] arguments)
    {
        var start = Start(folder, arguments);
        start.Environment["NUGET_PACKAGES"] = PackageFeed.Cache;
        return Run(start);
    }

    /// <summary>Runs as a user whose home is another folder, where global tools are installed and found.</summary>
    public static ProcessResult RunAtHome(string home, string folder, params string[] arguments)
    {
        var start = Start(folder, arguments);
        start.Environment["NUGET_PACKAGES"] = PackageFeed.Cache;
        start.Environment["DOTNET_CLI_HOME"] = home;
        start.Environment["PATH"] = $"{Path.Combine(home, ".dotnet", "tools")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        return Run(start);
    }

    /// <summary>Packs a project of the repository, with the machine's own package cache.</summary>
    public static void Pack(string project, string feed, string version) =>
        Run(Start(project, ["pack", "-c", "Release", "-o", feed, $"-p:PackageVersion={version}", "-v:q"])).ShouldSucceed();

    private static ProcessStartInfo Start(string folder, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
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
        return start;
    }

    private static ProcessResult Run(ProcessStartInfo start)
    {
        var output = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Append(e.Data);
        process.ErrorDataReceived += (_, e) => Append(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet {string.Join(' ', start.ArgumentList)} did not end:\n{output}");
        }
        process.WaitForExit();
        return new ProcessResult(process.ExitCode, output.ToString());

        void Append(string? line)
        {
            lock (output)
                if (line is not null)
                    output.Append(line).Append('\n');
        }
    }

    private static bool IsOfTheRunner(string name) =>
        name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name is "DOTNET_HOST_PATH" or "CI";
}
