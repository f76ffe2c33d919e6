using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Optimizes one planned model: <c>model-opt optimize MODEL -p PROFILE -o OUTPUT</c>.</summary>
[MSBuildMultiThreadableTask]
public sealed class OptimizeModel : ModelOptTask
{
    [Required]
    public string Model { get; set; } = "";

    [Required]
    public string Profile { get; set; } = "";

    [Required]
    public string Output { get; set; } = "";

    /// <summary><c>NAME=VALUE;…</c> for <c>${msbuild:NAME}</c> in the profile.</summary>
    public string[] Variables { get; set; } = [];

    internal override ToolArguments Arguments()
    {
        var arguments = new ToolArguments("optimize", Model).Option("--profile", Profile).Option("--output", Output);
        foreach (var variable in Variables)
            arguments.Option("--set", variable);
        return arguments;
    }

    /// <summary>Before the run the old result goes, after a failed one the new.</summary>
    private protected override bool Run()
    {
        DeleteModel(Output);
        var done = RunTool();
        if (!done)
            DeleteModel(Output);
        return done;
    }
}
