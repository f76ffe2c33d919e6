using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Runs the tool out of process and logs what it finds as if it were said here: native crashes, locked files and
/// conflicting assemblies stay out of the build.
/// </summary>
public abstract class ModelOptTask : ToolTask
{
    private readonly StringBuilder _unexpected = new();
    private WarningPolicy? _policy;

    /// <summary>Full path of <c>model-opt.dll</c>.</summary>
    [Required]
    public string Tool { get; set; } = "";

    /// <summary>The .NET host to use where the build doesn't name its own.</summary>
    public string DotNetHost { get; set; } = "";

    /// <summary>Where findings without a place of their own are shown: the profile, or the project.</summary>
    [Required]
    public string DefaultFile { get; set; } = "";

    public bool WarningsAreErrors { get; set; }

    public string NoWarn { get; set; } = "";

    public string CodesAsErrors { get; set; } = "";

    public string CodesNotAsErrors { get; set; } = "";

    protected override string ToolName => RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "dotnet.exe" : "dotnet";

    protected override Encoding StandardOutputEncoding => Encoding.UTF8;

    protected override Encoding StandardErrorEncoding => Encoding.UTF8;

    /// <summary>Without a mark in front, which would become part of the first argument.</summary>
    protected override Encoding ResponseFileEncoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    private WarningPolicy Policy => _policy ??= new(WarningsAreErrors, NoWarn, CodesAsErrors, CodesNotAsErrors);

    /// <summary>The tool's command line, without <c>--events</c>.</summary>
    internal abstract ToolArguments Arguments();

    protected override string GenerateFullPathToTool() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
        : DotNetHost.Length > 0 ? DotNetHost
        : ToolName;

    protected override string GenerateCommandLineCommands() => $"exec \"{Tool}\"";

    protected override string GenerateResponseFileCommands() => Arguments().Flag("--events", true).ToString();

    protected override bool ValidateParameters()
    {
        try
        {
            Arguments().ToString();
        }
        catch (ArgumentException e)
        {
            LogError("MO8005", e.Message);
            return false;
        }
        if (File.Exists(Tool))
            return true;
        LogError("MO9001", $"The tool is not where it should be: '{Tool}'. Restore the package ModelOptimizer.Tasks again.");
        return false;
    }

    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        switch (ToolEvent.Parse(singleLine))
        {
            case { Kind: "diagnostic" } diagnostic:
                Report(diagnostic);
                break;
            case { } message:
                Log.LogMessage(MessageImportance.High, "{0}: {1}", Path.GetFileName(message.Model ?? ""), message.Message);
                break;
            default:
                _unexpected.AppendLine(singleLine);
                Log.LogMessage(MessageImportance.Low, "{0}", singleLine);
                break;
        }
    }

    /// <summary>A place that can't be written is the user's to mend, and no crash of the build's.</summary>
    public sealed override bool Execute()
    {
        try
        {
            return Run();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogError("MO7001", e.Message);
            return false;
        }
    }

    /// <summary>What the task does; by default the tool alone.</summary>
    private protected virtual bool Run() => RunTool();

    /// <returns>False when it said that something is wrong.</returns>
    private protected bool RunTool() => base.Execute() && !Log.HasLoggedErrors;

    /// <summary>Takes a model away with its external data, so that no later build takes either for good.</summary>
    private protected static void DeleteModel(string path)
    {
        File.Delete(path);
        File.Delete(path + ".data");
    }

    /// <summary>An exit code says nothing to a person: what was logged does, and else what the process printed last.</summary>
    protected override bool HandleTaskExecutionErrors()
    {
        if (!Log.HasLoggedErrors && !ToolCancelled)
            LogError("MO9001", $"The tool ended unexpectedly with code {ExitCode}. {_unexpected.ToString().Trim()}".TrimEnd());
        return false;
    }

    private protected bool ToolCancelled { get; private set; }

    public override void Cancel()
    {
        ToolCancelled = true;
        base.Cancel();
    }

    private protected void LogError(string code, string message) => Log.LogError(null, code, code, null, DefaultFile, 0, 0, 0, 0, "{0}", message);

    private void Report(ToolEvent e)
    {
        if (e.Severity == "error" || (e.Severity == "warning" && !Policy.IsSilent(e.Code) && Policy.IsError(e.Code)))
            Log.LogError(null, e.Code, e.Code, e.HelpLink, e.File ?? DefaultFile, e.Line, e.Column, 0, 0, "{0}", e.Message);
        else if (e.Severity == "warning" && !Policy.IsSilent(e.Code))
            Log.LogWarning(null, e.Code, e.Code, e.HelpLink, e.File ?? DefaultFile, e.Line, e.Column, 0, 0, "{0}", e.Message);
        else
            Log.LogMessage(MessageImportance.Normal, "{0}: {1}", e.Code, e.Message);
    }
}
