using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks;

/// <summary>What the tasks have in common: they spell the tool's arguments and keep account of what it made.</summary>
public abstract class ModelOptTask : Task, ICancelableTask
{
    private readonly object _gate = new();
    private ToolRun? _running;
    private bool _isCancelled;
    private bool _repeatedErrors;

    /// <summary>Full path of <c>model-opt.dll</c>.</summary>
    [Required]
    public string Tool { get; set; } = "";

    /// <summary>The .NET host to use where the build doesn't name its own.</summary>
    public string DotNetHost { get; set; } = "";

    /// <summary>Full path of the page that tells of diagnostics.</summary>
    public string Docs { get; set; } = "";

    /// <summary>The project, where findings are shown that have no place of their own.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    public bool WarningsAreErrors { get; set; }

    public string NoWarn { get; set; } = "";

    public string CodesAsErrors { get; set; } = "";

    public string CodesNotAsErrors { get; set; } = "";

    internal WarningPolicy Policy => new(WarningsAreErrors, NoWarn, CodesAsErrors, CodesNotAsErrors);

    private protected bool IsCancelled => _isCancelled;

    /// <summary>A place that can't be written, or a value that can't be passed, is the user's to mend, and no crash of the build's.</summary>
    public sealed override bool Execute()
    {
        try
        {
            return Run() && !Log.HasLoggedErrors && !_repeatedErrors;
        }
        catch (ArgumentException e)
        {
            LogError("MO8005", e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogError("MO7001", e.Message);
        }
        return false;
    }

    public void Cancel()
    {
        lock (_gate)
        {
            _isCancelled = true;
            _running?.Cancel();
        }
    }

    /// <returns>False when something was logged as an error.</returns>
    private protected abstract bool Run();

    /// <param name="defaultFile">Where its findings are shown that have no place of their own.</param>
    /// <returns>Null when something was logged as an error; else the warnings, to be told again by builds with nothing to do.</returns>
    private protected IReadOnlyList<string>? RunTool(ToolArguments arguments, string defaultFile)
    {
        var run = NewRun(arguments, defaultFile);
        lock (_gate)
        {
            if (_isCancelled)
                return null;
            _running = run;
        }
        var isDone = run.Execute();
        Learn(run);
        return isDone ? run.Warnings : null;
    }

    /// <summary>Takes notice of what a run found that matters for the next one.</summary>
    private protected virtual void Learn(ToolRun run)
    {
    }

    /// <summary>
    /// Tells again what an earlier build was warned of: it is still true, and rules of this build may make an error of it. MSBuild's own
    /// <c>-warnaserror</c> does so behind a task's back, so that its first build alone would fail.
    /// </summary>
    private protected void Repeat(IEnumerable<string> warnings, string defaultFile)
    {
        var run = NewRun(new ToolArguments(), defaultFile);
        foreach (var warning in warnings)
            run.Take(warning);
        _repeatedErrors |= run.HasErrors;
    }

    private protected void LogError(string code, string message) => Log.LogError(null, code, code, null, ProjectFile, 0, 0, 0, 0, "{0}", message);

    private ToolRun NewRun(ToolArguments arguments, string defaultFile) =>
        new(new ToolSettings(Tool, ProjectFile, DotNetHost, Docs, Policy), arguments, defaultFile) { BuildEngine = BuildEngine };
}
