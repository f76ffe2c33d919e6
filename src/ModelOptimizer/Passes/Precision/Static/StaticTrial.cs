namespace ModelOptimizer.Passes;

/// <summary>What came of a form.</summary>
/// <param name="Noise">The noise that it leaves on each sample, over the signal of all samples; empty where it can't be had.</param>
/// <param name="Shifts">What was learned for it.</param>
internal sealed record StaticTrial(StaticForm Form, double[] Noise, LearnedShifts Shifts)
{
    /// <summary>Standard errors that the noise has to fall by to be more than chance.</summary>
    private const double Significant = 2;

    /// <summary>Noise power over signal power.</summary>
    public double Total => Noise.Length > 0 ? Noise.Sum() : double.PositiveInfinity;

    /// <summary>
    /// Whether its noise is lower than that of another form by more than chance: where few samples make the difference, others would make another
    /// one.
    /// </summary>
    public bool Beats(StaticTrial other)
    {
        if (Noise.Length < 2 || Noise.Length != other.Noise.Length || !double.IsFinite(Total))
            return false;
        var gains = other.Noise.Zip(Noise, (before, now) => before - now).ToArray();
        var mean = gains.Average();
        var variance = gains.Sum(gain => (gain - mean) * (gain - mean)) / (gains.Length - 1);
        return mean > Significant * Math.Sqrt(variance / gains.Length);
    }
}
