using System.Diagnostics;
using ModelOptimizer.Evaluation.Data;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Runs models in turn on the same samples. Each round runs all of them on one sample and begins with another model, so that what else the
/// machine does hits all alike, and the ratio of two times of one round is worth more than that of two times of different rounds.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Seconds by model and round.</summary>
    public static IReadOnlyList<IReadOnlyList<double>> Time(IReadOnlyList<ModelRunner> models, IReadOnlyList<Sample> samples, RoundSettings settings,
        CancellationToken cancellation)
    {
        for (var round = 0; round < RoundSettings.WarmUp; round++)
            _ = Round(models, samples[round % samples.Count], round);
        var times = models.Select(_ => new List<double>()).ToList();
        for (var (clock, round) = (Stopwatch.StartNew(), 0); !settings.IsEnough(round, clock.Elapsed); round++)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var (seconds, model) in Round(models, samples[round % samples.Count], round).Zip(times))
                model.Add(seconds);
        }
        return times;
    }

    private static double[] Round(IReadOnlyList<ModelRunner> models, Sample sample, int round)
    {
        var times = new double[models.Count];
        for (var i = 0; i < models.Count; i++)
        {
            var model = (round + i) % models.Count;
            times[model] = Time(models[model], sample);
        }
        return times;
    }

    private static double Time(ModelRunner model, Sample sample)
    {
        var start = Stopwatch.GetTimestamp();
        _ = model.Run(sample);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
