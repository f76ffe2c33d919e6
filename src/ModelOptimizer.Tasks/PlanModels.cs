using System.IO;
using System.Linq;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Tells the project's models. It reads the last plan, and starts <c>model-opt plan</c> only when that is missing or no longer true,
/// so that a build with nothing to do starts no process.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class PlanModels : ModelOptTask
{
    private ProjectPlan? _plan;

    [Required]
    public string ProjectDirectory { get; set; } = "";

    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The plan's full path; requests and outputs lie beside it.</summary>
    [Required]
    public string Plan { get; set; } = "";

    public string RootNamespace { get; set; } = "";

    /// <summary>The profiles found in the project.</summary>
    public ITaskItem[] Profiles { get; set; } = [];

    /// <summary>The <c>OnnxModel</c> items.</summary>
    public ITaskItem[] Models { get; set; } = [];

    /// <summary><c>NAME=VALUE;…</c> for <c>${msbuild:NAME}</c> in profiles.</summary>
    public string[] Variables { get; set; } = [];

    /// <summary>True when the project's language has accessors.</summary>
    public bool WithAccessor { get; set; }

    /// <summary>What else the outputs depend on: switches and references of the project.</summary>
    public string[] Settings { get; set; } = [];

    /// <summary>True while an editor only asks: then the last plan must do, and nothing is written.</summary>
    public bool IsDesignTime { get; set; }

    /// <summary>The planned models: full path of the output, with metadata for the targets.</summary>
    [Output]
    public ITaskItem[] Planned { get; private set; } = [];

    private string RequestFile => Path.ChangeExtension(Plan, ".request.json");

    internal override ToolArguments Arguments() => new ToolArguments("plan", RequestFile).Option("--output", Plan);

    private protected override bool Run()
    {
        var fingerprint = ToolFingerprint.Of(Tool);
        var request = PlanRequestWriter.Write(this, fingerprint);
        _plan = ProjectPlan.TryRead(Plan);
        if (!IsDesignTime && _plan?.IsCurrent(request, ProjectDirectory) != true && !PlanAnew(request))
            return false;
        Planned = (_plan?.Models ?? []).Select(model => model.ToItem(ProjectDirectory, Path.GetDirectoryName(Plan)!, WithAccessor)).ToArray();
        if (!IsDesignTime)
            foreach (var model in _plan?.Models ?? [])
                InputsFile.Update(model, this, fingerprint);
        return true;
    }

    private bool PlanAnew(byte[] request)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Plan)!);
        File.WriteAllBytes(RequestFile, request);
        if (!RunTool())
            return false;
        _plan = ProjectPlan.TryRead(Plan);
        if (_plan is not null)
            return true;
        LogError("MO9001", $"The tool wrote no plan that can be read at '{Plan}'. Delete the folder and build again.");
        return false;
    }
}
