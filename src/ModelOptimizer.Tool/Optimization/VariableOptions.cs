namespace ModelOptimizer.Tool;

/// <summary>Reads <c>--set NAME=VALUE</c>.</summary>
internal static class VariableOptions
{
    /// <exception cref="UsageException">One of them has no name.</exception>
    public static IReadOnlyDictionary<string, string> Parse(IReadOnlyList<string>? settings)
    {
        var variables = new Dictionary<string, string>();
        foreach (var setting in settings ?? [])
        {
            if (setting.Split('=', 2) is not [{ Length: > 0 } name, var value])
                throw new UsageException($"--set wants NAME=VALUE, not '{setting}'");
            variables[name] = value;
        }
        return variables;
    }
}
