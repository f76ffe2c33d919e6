namespace ModelOptimizer.Evaluation;

/// <summary>How long models are timed against each other.</summary>
public sealed record RoundSettings
{
    /// <summary>Rounds before the clock counts: caches fill, and the runtime lays out its memory.</summary>
    public const int WarmUp = 5;

    private const int Fewest = 15;

    /// <summary>Rounds that count; null goes on for <see cref="Time"/>, for at least 15 rounds.</summary>
    public int? Rounds { get; init; }

    /// <summary>How long to go on where <see cref="Rounds"/> says nothing.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Rounds at most where <see cref="Rounds"/> says nothing; more would only cost time.</summary>
    public int Most { get; init; } = 301;

    internal bool IsEnough(int rounds, TimeSpan elapsed) =>
        Rounds is { } wanted ? rounds >= wanted : rounds >= Fewest && (elapsed >= Time || rounds >= Most);
}
