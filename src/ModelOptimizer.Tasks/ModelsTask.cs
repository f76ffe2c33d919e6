using System.Collections.Generic;
using System.IO;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Runs the tool once for each model that a step is out of date for. A model that fails doesn't keep the others from it.</summary>
public abstract class ModelsTask : ModelOptTask
{
    /// <summary>Planned models whose outputs are older than what they are made from.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The metadata that name the records of the step's outputs, its own first, then those of steps that build on it.</summary>
    private protected abstract IReadOnlyList<string> Records { get; }

    internal abstract ToolArguments Arguments(ITaskItem model);

    private protected sealed override bool Run()
    {
        var done = true;
        foreach (var model in Models)
            done &= !IsCancelled && Make(model);
        return done;
    }

    /// <summary>What the step may have written for the model.</summary>
    private protected abstract IEnumerable<string> OutputsOf(ITaskItem model);

    private protected virtual void CleanUp(ITaskItem model)
    {
    }

    /// <summary>What stood there before is out of date from the start: no later build takes it for good.</summary>
    private bool Make(ITaskItem model)
    {
        foreach (var record in Records)
            File.Delete(model.GetMetadata(record));
        if (RunTool(Arguments(model), model.GetMetadata("Profile")) is { } warnings)
        {
            OutputsFile.Write(model.GetMetadata(Records[0]), OutputsOf(model), warnings);
            return true;
        }
        CleanUp(model);
        return false;
    }
}
