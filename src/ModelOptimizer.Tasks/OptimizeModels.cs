using System.IO;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Optimizes planned models, one after the other: <c>model-opt optimize MODEL -p PROFILE -o OUTPUT</c>. One that fails doesn't keep the rest from it.</summary>
[MSBuildMultiThreadableTask]
public sealed class OptimizeModels : ModelOptTask
{
    /// <summary>Planned models whose outputs are older than what they are made from.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary><c>NAME=VALUE;…</c> for <c>${msbuild:NAME}</c> in profiles.</summary>
    public string[] Variables { get; set; } = [];

    /// <summary>Threads to compute on; empty for one per processor.</summary>
    public string Threads { get; set; } = "";

    internal ToolArguments Arguments(ITaskItem model)
    {
        var arguments = new ToolArguments("optimize", model.GetMetadata("Original"))
            .Option("--profile", model.GetMetadata("Profile"))
            .Option("--output", model.GetMetadata("Optimized"))
            .Option("--threads", Threads);
        foreach (var variable in ProfileVariables.Parse(Variables))
            arguments.Option("--set", $"{variable.Key}={variable.Value}");
        return arguments;
    }

    private protected override bool Run()
    {
        var done = true;
        foreach (var model in Models)
            done &= !IsCancelled && Optimize(model);
        return done;
    }

    /// <summary>What stood there before is out of date from the start, and after a failure gone: no later build takes it for good.</summary>
    private bool Optimize(ITaskItem model)
    {
        var (output, record) = (model.GetMetadata("Optimized"), model.GetMetadata("OutputsFile"));
        File.Delete(record);
        File.Delete(model.GetMetadata("EmbedOutputsFile"));
        if (RunTool(Arguments(model), model.GetMetadata("Profile")) is { } warnings)
        {
            OutputsFile.Write(record, ModelFiles.OfOptimization(output), warnings);
            return true;
        }
        File.Delete(output);
        File.Delete(output + ".data");
        return false;
    }
}
