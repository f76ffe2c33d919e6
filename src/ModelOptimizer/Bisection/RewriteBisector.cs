using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Bisection;

/// <summary>
/// Finds the first rewrite that changes what a model answers, by binary search over how many rewrites are made. The runtime's own
/// optimizations are off, so that only ours are judged.
/// </summary>
/// <param name="engine">What runs the models.</param>
/// <param name="passes">The passes in order.</param>
/// <param name="tolerance">Largest change allowed of any output, as a part of its largest magnitude.</param>
public sealed class RewriteBisector(IInferenceEngine engine, IReadOnlyList<BisectedPass> passes, double tolerance)
{
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>What passes learn from, as when the profile is applied; null when it gives no calibration data.</summary>
    public CalibrationSettings? Calibration { get; init; }

    /// <summary>What passes of this effect may change together, as a part of an output's largest magnitude; null for loss, which has no bound.</summary>
    public static double? DefaultTolerance(NumericEffect effect) => effect switch
    {
        NumericEffect.Exact => 1e-5,
        NumericEffect.Reassociates => 1e-4,
        _ => null,
    };

    /// <summary>Searches.</summary>
    /// <param name="settings">The data to compare on; null makes inputs up.</param>
    /// <param name="progress">Told each probe.</param>
    /// <exception cref="DiagnosticException">The model or data can't be used, or a pass refuses the model.</exception>
    public BisectionResult Run(OnnxModel original, DataSettings? settings, IProgress<string>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(original);
        progress?.Report("make all rewrites");
        // One for all probes: what was measured on a model in the same state is not measured again.
        var calibration = Calibration is null ? null : CalibrationData.For(engine, original, Calibration, cancellation);
        var rewritten = Rewrite(original, calibration, int.MaxValue);
        progress?.Report("run the original");
        var samples = ProbeSamples.Take(engine, original, rewritten.Model, settings);
        var all = Try(rewritten, samples);
        return new BisectionResult(all.Count, samples.Inputs.Count, samples.Source, all.Changes, Exceeds(all) ? Blame(TryOut(0), all) : null);

        BlamedRewrite Blame(Probe good, Probe bad)
        {
            while (bad.Count - good.Count > 1)
            {
                var middle = TryOut((good.Count + bad.Count) / 2);
                (good, bad) = Exceeds(middle) ? (good, middle) : (middle, bad);
            }
            return new BlamedRewrite(bad.Count, bad.Of.Log.Rewrites[^1], bad.Of.LastPass, good.Changes, bad.Changes, bad.Refusal);
        }

        Probe TryOut(int limit)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report($"run {limit} rewrites");
            return Try(Rewrite(original, calibration, limit), samples);
        }
    }

    private bool Exceeds(Probe probe) => probe.Refusal is not null || probe.Changes.Any(change => !(change.Change <= tolerance));

    private Rewritten Rewrite(OnnxModel original, CalibrationData? calibration, int limit)
    {
        var (model, log, last) = (original.Clone(), new RewriteLog(limit), passes[0]);
        var context = new PassContext(model, log, engine, new DiagnosticBag()) { Calibration = calibration };
        foreach (var pass in passes)
        {
            // What can change nothing any more need not learn anything, of a model in a state that no ranges file knows.
            if (context.IsDone)
                break;
            calibration?.Begin(pass.Pass.Name, pass.Step);
            var before = log.Rewrites.Count;
            PassRunner.Run(context, pass.Pass);
            if (log.Rewrites.Count > before)
                last = pass;
        }
        return new Rewritten(model, log, last);
    }

    private Probe Try(Rewritten rewritten, ProbeSamples samples)
    {
        try
        {
            return new Probe(rewritten, Changes(rewritten.Model, samples), Refusal: null);
        }
        catch (InferenceException e)
        {
            return new Probe(rewritten, [], e.Message);
        }
    }

    /// <summary>For each output, its largest change over all samples.</summary>
    private IReadOnlyList<OutputChange> Changes(OnnxModel model, ProbeSamples samples)
    {
        using var session = engine.Open(model, AsWritten);
        var names = session.Outputs.Select(output => output.Name).ToList();
        var changes = samples.Inputs.Zip(samples.Expected, (inputs, expected) =>
            session.Run(inputs).Select((actual, i) => OutputChange.Of(names[i], expected[i], actual)).ToList()).ToList();
        return [.. names.Select((_, i) => changes.Select(sample => sample[i]).MaxBy(change => change.Change)!)];
    }

    /// <summary>The model after so many rewrites, and the pass that made the last of them.</summary>
    private sealed record Rewritten(OnnxModel Model, RewriteLog Log, BisectedPass LastPass);

    /// <summary>How it answers.</summary>
    private sealed record Probe(Rewritten Of, IReadOnlyList<OutputChange> Changes, string? Refusal)
    {
        public int Count => Of.Log.Rewrites.Count;
    }
}
