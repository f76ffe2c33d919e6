namespace ModelOptimizer.Tool;

/// <summary>Arrays in the data that nothing took: harmless, unless a name is misspelt.</summary>
internal static class IgnoredArrays
{
    /// <summary>Lists them for who wants to know more.</summary>
    public static void Tell(CommandContext context, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
            context.Detail($"Arrays in the data that are no input of the model: {string.Join(", ", names)}");
    }
}
