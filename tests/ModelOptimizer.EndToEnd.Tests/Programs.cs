using System.Diagnostics;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Runs programs that need no <c>dotnet</c>.</summary>
internal static class Programs
{
    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, output);
        return output;
    }
}
