using System.IO;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Writes resources and accessors of planned models: <c>model-opt embed PLAN NAME --source MODEL --folder FOLDER</c>.</summary>
[MSBuildMultiThreadableTask]
public sealed class EmbedModels : ModelOptTask
{
    [Required]
    public string Plan { get; set; } = "";

    /// <summary>Planned models whose resource or accessor is older than what they are made from.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>True to embed the originals as they are.</summary>
    public bool UseOriginal { get; set; }

    public bool WithAccessor { get; set; }

    public bool WithOnnxRuntime { get; set; }

    public bool WithNullable { get; set; }

    internal ToolArguments Arguments(ITaskItem model) => new ToolArguments("embed", Plan, model.GetMetadata("ModelName"))
        .Option("--source", model.GetMetadata(UseOriginal ? "Original" : "Optimized"))
        .Option("--folder", model.GetMetadata("EmbedFolder"))
        .Flag("--accessor", WithAccessor)
        .Flag("--onnxruntime", WithOnnxRuntime)
        .Flag("--nullable", WithNullable);

    private protected override bool Run()
    {
        var done = true;
        foreach (var model in Models)
            done &= !IsCancelled && Embed(model);
        return done;
    }

    private bool Embed(ITaskItem model)
    {
        var record = model.GetMetadata("EmbedOutputsFile");
        File.Delete(record);
        if (RunTool(Arguments(model), model.GetMetadata("Profile")) is not { } warnings)
            return false;
        OutputsFile.Write(record, ModelFiles.OfEmbedding(model.ItemSpec, model.GetMetadata("Resource"), model.GetMetadata("Accessor")), warnings);
        return true;
    }
}
