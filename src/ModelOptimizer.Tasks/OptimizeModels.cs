using System.Collections.Generic;
using System.IO;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Optimizes planned models: <c>model-opt optimize MODEL -p PROFILE -o OUTPUT</c>.</summary>
[MSBuildMultiThreadableTask]
public sealed class OptimizeModels : ModelsTask
{
    /// <summary><c>NAME=VALUE;…</c> for <c>${msbuild:NAME}</c> in profiles.</summary>
    public string[] Variables { get; set; } = [];

    /// <summary>Threads to compute on; empty for one per processor.</summary>
    public string Threads { get; set; } = "";

    /// <summary>Whether results come from a cache where the same was made before, by this or any other project.</summary>
    public bool Cache { get; set; }

    /// <summary>Full path of the cache's folder; empty for the user's own.</summary>
    public string CacheFolder { get; set; } = "";

    /// <summary>What the cache may take: <c>2GiB</c>; empty for the tool's own limit.</summary>
    public string CacheSize { get; set; } = "";

    /// <summary>A server with results; empty for that of the environment, <c>none</c> for none.</summary>
    public string CacheUrl { get; set; } = "";

    /// <summary>Whether results are sent to the server, too.</summary>
    public bool CachePush { get; set; }

    /// <summary>The file that a section for each model is appended to; empty for none.</summary>
    public string SummaryFile { get; set; } = "";

    /// <summary>The SARIF log, of which each model gets one of its own, with its name before the extension; empty for none.</summary>
    public string ErrorLog { get; set; } = "";

    /// <summary>The folder that places in logs are told relative to; empty for that of the repository, or of the project where there is none.</summary>
    public string SourceRoot { get; set; } = "";

    /// <summary>Whether the server let one model down: waiting for it again with each of the others would take minutes.</summary>
    private bool _isServerDown;

    private protected override IReadOnlyList<string> Records => ["OutputsFile", "EmbedOutputsFile"];

    internal override ToolArguments Arguments(ITaskItem model)
    {
        var arguments = new ToolArguments("optimize", model.GetMetadata("Original"))
            .Option("--profile", model.GetMetadata("Profile"))
            .Option("--output", model.GetMetadata("Optimized"))
            .Option("--threads", PropertyValues.Count("ModelOptimizerThreads", Threads))
            .Option("--summary", SummaryFile)
            .Flag("--cache", Cache);
        if (Cache)
            arguments.Option("--cache-folder", CacheFolder).Option("--cache-size", PropertyValues.Size("ModelOptimizerCacheSize", CacheSize))
                .Option("--cache-url", _isServerDown ? "none" : PropertyValues.Address("ModelOptimizerCacheUrl", CacheUrl)).Flag("--cache-push", CachePush);
        if (ErrorLog.Length > 0)
            arguments.Option("--sarif", LogOf(model)).Option("--source-root", Repository.RootOf(SourceRoot, ProjectFile));
        foreach (var variable in ProfileVariables.Parse(Variables))
            arguments.Option("--set", $"{variable.Key}={variable.Value}");
        return arguments;
    }

    /// <summary><c>logs/models.sarif</c> → <c>logs/models.langid.sarif</c>.</summary>
    private string LogOf(ITaskItem model) => Path.Combine(Path.GetDirectoryName(ErrorLog) ?? "",
        $"{Path.GetFileNameWithoutExtension(ErrorLog)}.{model.GetMetadata("ModelName")}{Path.GetExtension(ErrorLog)}");

    private protected override void Learn(ToolRun run) => _isServerDown |= run.WarningCodes.Contains("MO7012");

    private protected override IEnumerable<string> OutputsOf(ITaskItem model) => ModelFiles.OfOptimization(model.GetMetadata("Optimized"));

    /// <summary>An old result is nothing to embed.</summary>
    private protected override void CleanUp(ITaskItem model)
    {
        var output = model.GetMetadata("Optimized");
        File.Delete(output);
        File.Delete(output + ".data");
    }
}
