using System.IO;
using System.Linq;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Tells the project's models and outdates what must be made anew. It reads the last plan, and starts <c>model-opt plan</c> only when that is
/// missing or no longer true, so that a build with nothing to do starts no process.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class PlanModels : ModelOptTask, IIncrementalTask
{
    private ProjectPlan? _plan;

    [Required]
    public string ProjectDirectory { get; set; } = "";

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

    /// <summary>False when originals are embedded as they are.</summary>
    public bool IsOptimizing { get; set; } = true;

    /// <summary>True when the project's language has accessors.</summary>
    public bool WithAccessor { get; set; }

    /// <summary>What else resources and accessors depend on: references and language of the project.</summary>
    public string[] Settings { get; set; } = [];

    /// <summary>The SARIF log for what planning finds; empty for none.</summary>
    public string ErrorLog { get; set; } = "";

    /// <summary>The folder that places in logs are told relative to; empty for that of the repository, or of the project where there is none.</summary>
    public string SourceRoot { get; set; } = "";

    /// <summary>True while an editor only asks, or nothing is to be built: then the last plan must do, and nothing is written.</summary>
    public bool IsReadOnly { get; set; }

    /// <summary>True when the build only asks whether anything would be done (<c>-question</c>); set by MSBuild.</summary>
    public bool FailIfNotIncremental { get; set; }

    /// <summary>The planned models: full path of the file to embed, with metadata for the targets.</summary>
    [Output]
    public ITaskItem[] Planned { get; private set; } = [];

    private string RequestFile => Path.ChangeExtension(Plan, ".request.json");

    internal ToolArguments Arguments()
    {
        var arguments = new ToolArguments("plan", RequestFile).Option("--output", Plan);
        return ErrorLog.Length == 0 ? arguments
            : arguments.Option("--sarif", ErrorLog).Option("--source-root", Repository.RootOf(SourceRoot, ProjectFile));
    }

    private string WarningsFile => Path.ChangeExtension(Plan, ".warnings");

    private protected override bool Run()
    {
        var fingerprint = ToolFingerprint.Of(Tool);
        var request = PlanRequestWriter.Write(this, fingerprint);
        _plan = ProjectPlan.TryRead(Plan);
        if (!IsReadOnly && !IsPlanned(request))
            return false;
        var models = (_plan?.Models ?? []).Select(model => (Model: model, Files: FilesOf(model))).ToArray();
        Planned = [.. models.Select(model => PlannedModelItem.Of(model.Model, model.Files, ProjectDirectory))];
        var inputs = new InputsFiles(this, fingerprint);
        return IsReadOnly || models.All(model => Outdate(inputs, model.Model, model.Files));
    }

    private ModelFiles FilesOf(PlannedModel model) => new(model, Path.GetDirectoryName(Plan)!, IsOptimizing, WithAccessor);

    /// <summary>Makes sure that the plan is what the project asks for now.</summary>
    private bool IsPlanned(byte[] request)
    {
        if (_plan?.IsCurrent(request, ProjectDirectory) != true || TextFile.TryRead(WarningsFile) is not { } warnings)
            return PlanAnew(request);
        Repeat(warnings.Split('\n').Where(line => line.Length > 0), ProjectFile);
        return true;
    }

    private bool PlanAnew(byte[] request)
    {
        if (FailIfNotIncremental)
            return AnswerNo("the profiles, items or models are other than those of the last build");
        TextFile.Write(RequestFile, request);
        if (RunTool(Arguments(), ProjectFile) is not { } warnings)
        {
            // An older plan that holds again is still made anew: the log tells what failed.
            File.Delete(WarningsFile);
            return false;
        }
        TextFile.Write(WarningsFile, string.Concat(warnings.Select(line => line + "\n")));
        _plan = ProjectPlan.TryRead(Plan);
        if (_plan is not null)
            return true;
        LogError("MO9001", $"The tool wrote no plan that can be read at '{Plan}'. Delete the folder and build again.");
        return false;
    }

    /// <summary>Takes care that the targets below make anew what is no longer true or no longer there; what is, is warned of again.</summary>
    private bool Outdate(InputsFiles inputs, PlannedModel model, ModelFiles files)
    {
        var changed = inputs.Changed(model, files).ToDictionary(file => file.Path, file => file.Content);
        var profile = Path.GetFullPath(Path.Combine(ProjectDirectory, model.Profile));
        foreach (var (input, output) in files.Steps(IsOptimizing))
        {
            var record = OutputsFile.TryRead(output);
            var isBroken = record is { IsWhole: false };
            if (FailIfNotIncremental && (changed.ContainsKey(input) || isBroken))
                return AnswerNo(isBroken ? $"outputs of '{model.Name}' are missing" : $"'{model.Name}' has changed since the last build");
            if (isBroken)
                File.Delete(output);
            // What follows is made anew with it, and warns by itself.
            if (record is null || isBroken || changed.ContainsKey(input))
                break;
            Repeat(record.Warnings, profile);
        }
        foreach (var file in changed)
            TextFile.Write(file.Key, file.Value);
        return true;
    }

    private bool AnswerNo(string reason)
    {
        LogError("MO8016", $"Models are out of date: {reason}. Build without -question.");
        return false;
    }
}
