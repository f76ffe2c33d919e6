using ModelOptimizer.Evaluation.Gauging;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>What a candidate does by itself.</summary>
/// <param name="Noise">Noise over signal at the output when only it is quantized.</param>
/// <param name="Samples">Runs after which that was certain enough.</param>
internal sealed record RankedCandidate(Candidate Candidate, double Noise, int Samples)
{
    /// <summary>The signal to quantization noise ratio in dB; +∞ when there is no noise.</summary>
    public double Sqnr => -10 * Math.Log10(Noise);
}

/// <summary>The quality with so many candidates given up, the most harmful first.</summary>
internal sealed record CurvePoint(int Reverted, GaugeReading Reading);

/// <summary>What was tried and what was found.</summary>
internal sealed record MixedPrecisionResult
{
    /// <summary>False when even the model without the pass misses the goal.</summary>
    public required bool IsReached { get; init; }

    public required IReadOnlyList<Candidate> Candidates { get; init; }

    /// <summary>Those that stay as they are.</summary>
    public required IReadOnlyList<Candidate> Reverted { get; init; }

    /// <summary>The most harmful first; empty when the goal held at once.</summary>
    public required IReadOnlyList<RankedCandidate> Ranking { get; init; }

    public required IReadOnlyList<CurvePoint> Curve { get; init; }

    /// <summary>With everything quantized, on all samples.</summary>
    public required GaugeReading Quantized { get; init; }

    /// <summary>With what is given up given up, on all samples.</summary>
    public required GaugeReading Result { get; init; }
}
