namespace ModelOptimizer.Tasks;

/// <summary>How the tool is run and what becomes of what it finds: the same for all runs of a task.</summary>
/// <param name="tool">Full path of <c>model-opt.dll</c>.</param>
/// <param name="project">The project, whose mistakes are told there.</param>
/// <param name="dotNetHost">The .NET host to use where the build doesn't name its own; empty for the one on the path.</param>
/// <param name="docs">Full path of the page that tells of diagnostics; empty when there is none.</param>
internal sealed class ToolSettings(string tool, string project, string dotNetHost, string docs, WarningPolicy policy)
{
    public string Tool => tool;

    public string Project => project;

    public string DotNetHost => dotNetHost;

    public string Docs => docs;

    public WarningPolicy Policy => policy;
}
