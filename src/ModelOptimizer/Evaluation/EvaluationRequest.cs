using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>What to measure, and on what.</summary>
public sealed record EvaluationRequest
{
    /// <summary>The profile's <c>evaluate:</c>; null when it has none, which leaves accuracy unmeasured.</summary>
    public EvaluateSettings? Settings { get; init; }

    /// <summary>Metrics wanted besides those of <see cref="Settings"/>: the budget's.</summary>
    public IReadOnlyList<string> AlsoMeasure { get; init; } = [];

    /// <summary>The files of the candidate, model first; null writes a scratch copy to find its size.</summary>
    public IReadOnlyList<string>? CandidateFiles { get; init; }

    /// <summary>Samples used at most.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Threads within one operator when time is measured. Accuracy always runs single-threaded, to give the same numbers everywhere.</summary>
    public int LatencyThreads { get; init; } = 1;
}
