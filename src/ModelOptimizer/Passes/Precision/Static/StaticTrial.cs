namespace ModelOptimizer.Passes;

/// <summary>What came of a form.</summary>
/// <param name="Noise">The noise that it leaves on each sample, over the signal of all samples; empty where it can't be had.</param>
/// <param name="Worst">Noise power over signal power of the worst output; infinite where it can't be had.</param>
internal sealed record StaticTrial(StaticForm Form, double[] Noise, double Worst)
{
    /// <summary>Standard errors that the noise has to fall by to be more than chance.</summary>
    private const double Significant = 2;

    /// <param name="noise">Of each output on each sample; null where it can't be had.</param>
    public static StaticTrial Of(StaticForm form, IReadOnlyList<IReadOnlyDictionary<string, double>>? noise) => noise is null
        ? new(form, [], double.PositiveInfinity)
        : new(form, [.. noise.Select(sample => sample.Values.Sum())],
            noise.SelectMany(sample => sample).GroupBy(output => output.Key).Max(output => (double?)output.Sum(sample => sample.Value)) ?? 0);

    /// <summary>Noise power over signal power, added up over outputs.</summary>
    public double Total => Noise.Length > 0 ? Noise.Sum() : double.PositiveInfinity;

    /// <summary>The one to take, of equals the earlier one; null where none has a finite noise.</summary>
    /// <param name="trials">The plain form's first.</param>
    public static StaticTrial? BestOf(IReadOnlyList<StaticTrial> trials) =>
        trials.Where(trial => trial.Beats(trials[0])).MinBy(trial => trial.Total) ?? (double.IsFinite(trials[0].Total) ? trials[0] : null);

    /// <summary>
    /// Whether its noise is lower than that of another form by more than chance: where few samples make the difference, others would make another
    /// one. Any noise is lower than an infinite one.
    /// </summary>
    public bool Beats(StaticTrial other)
    {
        if (!double.IsFinite(Total) || !double.IsFinite(other.Total))
            return double.IsFinite(Total);
        if (Noise.Length < 2 || Noise.Length != other.Noise.Length)
            return false;
        var gains = other.Noise.Zip(Noise, (before, now) => before - now).ToArray();
        var mean = gains.Average();
        var variance = gains.Sum(gain => (gain - mean) * (gain - mean)) / (gains.Length - 1);
        return mean > Significant * Math.Sqrt(variance / gains.Length);
    }
}
