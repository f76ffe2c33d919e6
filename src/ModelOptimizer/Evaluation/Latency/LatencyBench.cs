using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Times models against each other: as a whole, or kernel by kernel.</summary>
/// <param name="engine">What runs them.</param>
/// <param name="models">Each with what messages call it; all take the same inputs.</param>
/// <param name="samples">What they run on.</param>
public sealed class LatencyBench(IInferenceEngine engine, IReadOnlyList<(string Name, OnnxModel Model)> models, BenchSamples samples)
{
    /// <summary>The runtime keeps a million events of a session.</summary>
    private const int MostProfiledRounds = 101;

    /// <summary>The latency of each model, and how many rounds were run.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">The runtime can't load or run one of them.</exception>
    public (int Rounds, IReadOnlyList<ModelLatency> Models) Measure(int threads, RoundSettings settings, CancellationToken cancellation = default)
    {
        using var runners = new Disposables<ModelRunner>();
        foreach (var (name, model) in models)
            runners.Add(ModelRunner.Open(engine, model, name, threads));
        var times = InterleavedRounds.Time(runners, samples.Samples, settings, cancellation);
        return (times[0].Count, [.. runners.Zip(times, (runner, own) => ModelLatency.Of(runner.LoadTime, own, times[0], samples.Samples))]);
    }

    /// <summary>The kernels of each model with their times. The clock itself takes time: sums say less than <see cref="Measure"/>.</summary>
    /// <exception cref="Diagnostics.DiagnosticException">The runtime can't load or run one of them.</exception>
    public IReadOnlyList<IReadOnlyList<KernelTime>> Profile(int threads, RoundSettings settings, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var sessions = new Disposables<IProfiledSession>();
        foreach (var (name, model) in models)
            sessions.Add(ModelRunner.Guard(engine, model, name, () => engine.OpenProfiled(model, new SessionSettings(Threads: threads))));
        var runners = sessions.Zip(models, (session, model) => new ModelRunner(session, model.Name)).ToList();
        _ = InterleavedRounds.Time(runners, samples.Samples, settings with { Most = MostProfiledRounds }, cancellation);
        return [.. sessions.Select(session => WithoutWarmUp(session.Finish()))];
    }

    private static List<KernelTime> WithoutWarmUp(IEnumerable<KernelTime> kernels) =>
        [.. kernels.Select(kernel => kernel with { Microseconds = [.. kernel.Microseconds.Skip(RoundSettings.WarmUp)] })];
}
