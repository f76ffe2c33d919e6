using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>
/// The option <c>-p</c> of commands that need data and nothing else of a profile: it can describe what no command line could, pictures and texts and
/// how they become inputs.
/// </summary>
internal sealed class ProfileData
{
    private readonly VariableOptions _variables = new();

    public Option<string?> Option { get; } = new("--profile", "-p")
    {
        Description = "Use this profile's data: 'evaluate:', else 'calibration:'. There may be pictures and texts, too",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Option);
        _variables.AddTo(command);
    }

    /// <summary>What the command line names; null when it names neither data nor a profile.</summary>
    /// <param name="data">The option for arrays.</param>
    /// <exception cref="UsageException">It names both.</exception>
    /// <exception cref="DiagnosticException">The profile has mistakes, or no data.</exception>
    public DataSettings? Read(ParseResult parsed, Option<string[]> data)
    {
        var paths = parsed.GetValue(data) ?? [];
        if (parsed.GetValue(Option) is not { } file)
            return paths.Length > 0 ? new EvaluateSettings { Data = paths } : null;
        if (paths.Length > 0)
            throw new UsageException($"{data.Name} and --profile both name data; leave one out");
        return Of(ProfileChoice.Read(file, _variables.Read(parsed))) ?? throw new DiagnosticException(DiagnosticCatalog.NoDataNamed,
            "The profile names no data: give 'evaluate:' or 'calibration:' with 'data:', 'images:' or 'text:'", new SourceLocation(file));
    }

    /// <summary>The profile's data: what it judges by or, without, what it learns from. Null when it has neither.</summary>
    public static DataSettings? Of(OptimizationProfile profile) => profile switch
    {
        { Evaluate: { NamesData: true } evaluate } => evaluate,
        { Calibration: { NamesData: true } calibration } => calibration,
        _ => null,
    };
}
