using System.CommandLine;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>profile show</c>: checks a profile and shows what it comes to.</summary>
internal static class ProfileCommand
{
    public static ToolCommand Create() => new("profile", "Check and show profiles", "profile show --resolved") { Show() };

    private static ToolCommand Show()
    {
        var file = new Argument<string>("FILE") { Description = "The profile", DefaultValueFactory = _ => ProfileChoice.DefaultFile };
        var resolved = new Option<bool>("--resolved")
        {
            Description = "Merge in what it extends, write out defaults, say where each value comes from (--json always does)",
        };
        var variables = new VariableOptions();
        var command = new ToolCommand("show", "Check a profile and print it",
            "profile show --resolved",
            "profile show model-opt.yaml --resolved --json")
        {
            file,
            resolved,
        };
        variables.AddTo(command);
        return command.Does((parsed, context) => Run(parsed.GetValue(file)!, variables.Read(parsed), parsed.GetValue(resolved), context));
    }

    private static void Run(string file, IReadOnlyDictionary<string, string> variables, bool isResolved, CommandContext context)
    {
        if (ProfileReader.Resolve(file, context, variables) is not { } profile)
            return;
        if (context.IsJson)
            context.WriteJson(ProfileValues.Of(profile), ToolJson.Readable.ProfileValues);
        else
            context.Streams.Out.Write(isResolved ? profile.ToYaml() : TextFiles.Read(file));
    }
}

/// <summary>The JSON of <c>profile show</c>.</summary>
/// <param name="Files">The profile and every file it extends.</param>
internal sealed record ProfileValues(int SchemaVersion, IReadOnlyList<string> Files, IReadOnlyList<ProfileValue> Values)
{
    public static ProfileValues Of(ResolvedProfile profile) =>
        new(1, profile.Profile.Files, [.. profile.Values.Select(value => new ProfileValue(value.Path, value.Value, value.Origin))]);
}

/// <param name="Path">The key path: <c>passes[1].quantize-weights.bits</c>.</param>
/// <param name="Origin"><c>FILE(LINE)</c>, <c>preset:NAME</c> or <c>default</c>.</param>
internal sealed record ProfileValue(string Path, string Value, string Origin);
