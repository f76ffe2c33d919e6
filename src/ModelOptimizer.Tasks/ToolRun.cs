using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks;

/// <summary>
/// One run of the tool, out of process: native crashes, locked files and conflicting assemblies stay out of the build. What it finds is logged
/// as if it were said here.
/// </summary>
/// <param name="arguments">Its command line, without <c>--events</c>.</param>
/// <param name="defaultFile">Where findings without a place of their own are shown: the profile, or the project.</param>
internal sealed class ToolRun(ToolSettings settings, ToolArguments arguments, string defaultFile) : ToolTask
{
    private const int UsageExitCode = 2;
    private const string UsageErrorMark = "model-opt : error : ";

    private readonly StringBuilder _unexpected = new();

    private readonly List<string> _warnings = [];

    private bool _isCancelled;

    /// <summary>The warnings of the model up to now, as the tool wrote them: also those that the project silences today.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The codes of all warnings up to now.</summary>
    public ISet<string> WarningCodes { get; } = new HashSet<string>(StringComparer.Ordinal);

    protected override string ToolName => RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "dotnet.exe" : "dotnet";

    protected override Encoding StandardOutputEncoding => Encoding.UTF8;

    protected override Encoding StandardErrorEncoding => Encoding.UTF8;

    /// <summary>Without a mark in front, which would become part of the first argument.</summary>
    protected override Encoding ResponseFileEncoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    public bool HasErrors => Log.HasLoggedErrors;

    /// <returns>False when something was logged as an error, or the tool failed.</returns>
    public override bool Execute()
    {
        // The node may build other projects meanwhile.
        YieldDuringToolExecution = true;
        return base.Execute() && !Log.HasLoggedErrors;
    }

    public override void Cancel()
    {
        _isCancelled = true;
        base.Cancel();
    }

    protected override string GenerateFullPathToTool() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
        : settings.DotNetHost.Length > 0 ? settings.DotNetHost
        : ToolName;

    protected override string GenerateCommandLineCommands() => $"exec \"{settings.Tool}\"";

    protected override string GenerateResponseFileCommands() => arguments.Flag("--events", true).ToString();

    protected override bool ValidateParameters()
    {
        if (File.Exists(settings.Tool))
            return true;
        LogError("MO9001", $"The tool is not where it should be: '{settings.Tool}'. Restore the package ModelOptimizer.Tasks again.");
        return false;
    }

    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance) => Take(singleLine);

    /// <summary>An exit code says nothing to a person: what was logged does, and else what the process printed last.</summary>
    protected override bool HandleTaskExecutionErrors()
    {
        Explain(ExitCode);
        return false;
    }

    /// <summary>Logs a line of the tool's output.</summary>
    internal void Take(string line)
    {
        switch (ToolEvent.Parse(line))
        {
            case { Kind: "diagnostic" } diagnostic:
                Report(diagnostic, line);
                break;
            case { } message:
                Log.LogMessage(MessageImportance.High, "{0}: {1}", Path.GetFileName(message.Model ?? ""), message.Message);
                break;
            default:
                _unexpected.AppendLine(line);
                Log.LogMessage(MessageImportance.Low, "{0}", line);
                break;
        }
    }

    /// <summary>Logs how it ended when it said nothing itself.</summary>
    internal void Explain(int exitCode)
    {
        if (Log.HasLoggedErrors || _isCancelled)
            return;
        var printed = _unexpected.ToString().Trim();
        if (exitCode == UsageExitCode)
            Log.LogError(null, "MO8005", "MO8005", null, settings.Project, 0, 0, 0, 0, "{0}", $"A property or item has a value that means nothing. {UsageErrors(printed)}");
        else
            LogError("MO9001", $"The tool ended unexpectedly with code {exitCode}. {printed}".TrimEnd());
    }

    /// <summary>What it tells a person who calls it wrongly, without the hint to its help.</summary>
    private static string UsageErrors(string printed) => string.Join(". ", printed.Split('\n')
        .Where(line => line.StartsWith(UsageErrorMark, StringComparison.Ordinal)).Select(line => line.Substring(UsageErrorMark.Length).Trim()));

    private void Report(ToolEvent e, string line)
    {
        var isWarning = e.Severity == "warning" && !settings.Policy.IsSilent(e.Code);
        if (e.Severity == "warning" && e.Code is not null)
            WarningCodes.Add(e.Code);
        if (e.Severity == "warning" && !WarningPolicy.IsOfTheRun(e.Code))
            _warnings.Add(line);
        if (e.Severity == "error" || (isWarning && settings.Policy.IsError(e.Code)))
            Log.LogError(null, e.Code, e.Code, HelpLink(e), e.File ?? defaultFile, e.Line, e.Column, 0, 0, "{0}", e.Message);
        else if (isWarning)
            Log.LogWarning(null, e.Code, e.Code, HelpLink(e), e.File ?? defaultFile, e.Line, e.Column, 0, 0, "{0}", e.Message);
        else
            Log.LogMessage(MessageImportance.Normal, "{0}: {1}", e.Code, e.Message);
    }

    /// <summary>The tool names the page, and the package knows where it lies. A link that leads nowhere is none.</summary>
    private string? HelpLink(ToolEvent e) => e.HelpLink is not { } link || link.Contains("://") ? e.HelpLink
        : File.Exists(settings.Docs) ? new Uri(settings.Docs).AbsoluteUri + link.Substring(Math.Max(link.IndexOf('#'), 0))
        : null;

    private void LogError(string code, string message) => Log.LogError(null, code, code, null, defaultFile, 0, 0, 0, 0, "{0}", message);
}
