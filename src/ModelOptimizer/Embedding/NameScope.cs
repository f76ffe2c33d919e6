namespace ModelOptimizer.Embedding;

/// <summary>Hands out names that are not yet taken in one class.</summary>
internal sealed class NameScope(params IEnumerable<string> taken)
{
    private readonly HashSet<string> _taken = [.. taken];

    /// <summary>The name itself, or with the first number that makes it free.</summary>
    public string Take(string name)
    {
        var free = name;
        for (var i = 2; !_taken.Add(free); i++)
            free = $"{name}{i}";
        return free;
    }
}
