using System.Collections.Generic;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Writes resources and accessors of planned models: <c>model-opt embed PLAN NAME --source MODEL --folder FOLDER</c>.</summary>
[MSBuildMultiThreadableTask]
public sealed class EmbedModels : ModelsTask
{
    [Required]
    public string Plan { get; set; } = "";

    /// <summary>True to embed the originals as they are.</summary>
    public bool UseOriginal { get; set; }

    public bool WithAccessor { get; set; }

    public bool WithOnnxRuntime { get; set; }

    /// <summary>The version of ONNX Runtime that the project references; empty when it is not known.</summary>
    public string OnnxRuntimeVersion { get; set; } = "";

    public bool WithDependencyInjection { get; set; }

    public bool WithNullable { get; set; }

    private protected override IReadOnlyList<string> Records => ["EmbedOutputsFile"];

    internal override ToolArguments Arguments(ITaskItem model) => new ToolArguments("embed", Plan, model.GetMetadata("ModelName"))
        .Option("--source", model.GetMetadata(UseOriginal ? "Original" : "Optimized"))
        .Option("--folder", model.GetMetadata("EmbedFolder"))
        .Flag("--accessor", WithAccessor)
        .Flag("--onnxruntime", WithOnnxRuntime)
        .Option("--onnxruntime-version", OnnxRuntimeVersion)
        .Flag("--dependency-injection", WithDependencyInjection)
        .Flag("--nullable", WithNullable);

    private protected override IEnumerable<string> OutputsOf(ITaskItem model) =>
        ModelFiles.OfEmbedding(model.ItemSpec, model.GetMetadata("Resource"), model.GetMetadata("Accessor"));
}
