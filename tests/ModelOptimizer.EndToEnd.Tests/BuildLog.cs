using Microsoft.Build.Logging.StructuredLogger;
using Task = Microsoft.Build.Logging.StructuredLogger.Task;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A finished build: what it ran and what it complained of.</summary>
internal sealed class BuildLog(ProcessResult process, Build build)
{
    public string Output => process.Output;

    public bool Succeeded => process.ExitCode == 0 && build.Succeeded;

    /// <summary>The tool's commands that the build started, in order.</summary>
    public IReadOnlyList<string> ToolRuns => [.. build.FindChildrenRecursive<Task>()
        .Where(task => task.Name is "PlanModels" or "OptimizeModels" or "EmbedModels" && !string.IsNullOrEmpty(task.CommandLineArguments))
        .Select(task => task.Name)];

    /// <summary>True when the build came to a target, in any project, and had something to do there.</summary>
    public bool Ran(string target) => build.FindChildrenRecursive<Target>().Any(one => one.Name == target && !one.Skipped && one.Children.OfType<Task>().Any());

    public IReadOnlyList<AbstractDiagnostic> Errors => [.. build.FindChildrenRecursive<Error>()];

    public IReadOnlyList<AbstractDiagnostic> Warnings => [.. build.FindChildrenRecursive<Warning>()];

    public IReadOnlyList<string> Messages => [.. build.FindChildrenRecursive<Message>().Select(message => message.Text)];

    /// <summary>The names of the files that targets of the package gave to the compiler.</summary>
    public IReadOnlyList<string> CompileItems => [.. build.FindChildrenRecursive<AddItem>().Where(added => added.Name == "Compile")
        .SelectMany(added => added.Children.OfType<Item>()).Select(item => Path.GetFileName(item.Text))];

    public BuildLog ShouldSucceed()
    {
        Assert.That(Succeeded, Is.True, process.Output);
        return this;
    }

    /// <summary>All errors, which are as many as these codes.</summary>
    public IReadOnlyList<AbstractDiagnostic> ShouldFailWith(params string[] codes)
    {
        Assert.That(Succeeded, Is.False, process.Output);
        Assert.That(Errors.Select(error => error.Code), Is.EquivalentTo(codes), process.Output);
        return Errors;
    }

    /// <summary>The only error; the build must have failed by it.</summary>
    public AbstractDiagnostic ShouldFail()
    {
        Assert.That(Succeeded, Is.False, process.Output);
        Assert.That(Errors, Has.Count.EqualTo(1), process.Output);
        return Errors[0];
    }
}
