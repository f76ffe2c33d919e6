using System;
using System.Collections.Generic;
using System.Linq;

namespace ModelOptimizer.Tasks;

/// <summary>The tool's command line as a response file: one argument a line, in quotes where needed.</summary>
internal sealed class ToolArguments
{
    private readonly List<string> _arguments = [];

    public ToolArguments(params string[] arguments) => _arguments.AddRange(arguments);

    /// <summary>Adds an option; an empty value leaves it out.</summary>
    public ToolArguments Option(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _arguments.AddRange([name, value!]);
        return this;
    }

    public ToolArguments Flag(string name, bool isOn)
    {
        if (isOn)
            _arguments.Add(name);
        return this;
    }

    /// <summary>The text of the response file.</summary>
    /// <exception cref="ArgumentException">An argument can't be written: the format knows no escape for quotes and line breaks.</exception>
    public override string ToString() => string.Join("\n", _arguments.Select(Quote)) + "\n";

    private static string Quote(string argument)
    {
        if (argument.IndexOfAny(['"', '\n', '\r']) >= 0)
            throw new ArgumentException($"A path with a quote or a line break can't be passed to the tool: {argument}");
        return argument.Any(char.IsWhiteSpace) || argument.StartsWith("#", StringComparison.Ordinal) || argument.Length == 0
            ? $"\"{argument}\""
            : argument;
    }
}
