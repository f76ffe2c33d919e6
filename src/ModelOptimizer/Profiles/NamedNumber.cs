using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A whole number under a key of the user's own.</summary>
/// <param name="Location">Where the key stands; null when no profile says it.</param>
public sealed record NamedNumber(string Name, long Value, SourceLocation? Location = null)
{
    public override string ToString() => $"{Name}: {Value}";
}
