using System.CommandLine;

namespace ModelOptimizer.Tool;

/// <summary>The option <c>--set NAME=VALUE</c> of commands that read profiles.</summary>
internal sealed class VariableOptions
{
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "What ${msbuild:NAME} stands for in the profile; may be given several times",
        HelpName = "NAME=VALUE",
    };

    public void AddTo(Command command) => command.Options.Add(_set);

    /// <exception cref="UsageException">One of them has no name.</exception>
    public IReadOnlyDictionary<string, string> Read(ParseResult parsed)
    {
        var variables = new Dictionary<string, string>();
        foreach (var setting in parsed.GetValue(_set) ?? [])
        {
            if (setting.Split('=', 2) is not [{ Length: > 0 } name, var value])
                throw new UsageException($"--set wants NAME=VALUE, not '{setting}'");
            variables[name] = value;
        }
        return variables;
    }
}
