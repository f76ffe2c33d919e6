using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Writes the resource and the accessor of one planned model: <c>model-opt embed PLAN NAME --source MODEL</c>.</summary>
[MSBuildMultiThreadableTask]
public sealed class EmbedModel : ModelOptTask
{
    [Required]
    public string Plan { get; set; } = "";

    /// <summary>The model's name in the plan.</summary>
    [Required]
    public string Model { get; set; } = "";

    [Required]
    public string Original { get; set; } = "";

    /// <summary>The planned result: the optimized model, or where the original is put. A failed run must not leave it behind.</summary>
    [Required]
    public string Output { get; set; } = "";

    /// <summary>True to embed the original as it is.</summary>
    public bool UseOriginal { get; set; }

    public bool WithAccessor { get; set; }

    public bool WithOnnxRuntime { get; set; }

    public bool WithNullable { get; set; }

    internal override ToolArguments Arguments() => new ToolArguments("embed", Plan, Model)
        .Option("--source", UseOriginal ? Original : Output)
        .Flag("--accessor", WithAccessor)
        .Flag("--onnxruntime", WithOnnxRuntime)
        .Flag("--nullable", WithNullable);

    private protected override bool Run()
    {
        if (UseOriginal)
            DeleteModel(Output);
        var done = RunTool();
        if (!done)
            DeleteModel(Output);
        return done;
    }
}
