using System.CommandLine;

namespace ModelOptimizer.Tool;

/// <summary>The options that every command has.</summary>
internal sealed class OutputOptions
{
    public Option<bool> Json { get; } = new("--json") { Description = "Write the result as one JSON object", Recursive = true };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Say only what is wrong", Recursive = true };

    public Option<bool> Verbose { get; } = new("--verbose", "-v") { Description = "Say more, and how an internal error came about", Recursive = true };

    public Option<bool> NoColor { get; } = new("--no-color") { Description = "No colors (as the variable NO_COLOR does)", Recursive = true };

    /// <summary>The build's channel: help links don't survive in plain text.</summary>
    public Option<bool> Events { get; } = new("--events")
    {
        Description = "Write diagnostics and the summary as JSON lines on stdout",
        Recursive = true,
        Hidden = true,
    };

    public void AddTo(Command root)
    {
        root.Options.Add(Json);
        root.Options.Add(Quiet);
        root.Options.Add(Verbose);
        root.Options.Add(NoColor);
        root.Options.Add(Events);
    }

    /// <summary>Validators are not inherited: each command checks for itself.</summary>
    public void CheckIn(Command command) => command.Validators.Add(result =>
    {
        if (result.GetValue(Quiet) && result.GetValue(Verbose))
            result.AddError("--quiet and --verbose exclude each other");
        if (result.GetValue(Json) && result.GetValue(Events))
            result.AddError("--json and --events exclude each other: both write to stdout");
    });
}
