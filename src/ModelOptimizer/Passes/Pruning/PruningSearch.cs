using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Gauging;

namespace ModelOptimizer.Passes;

/// <summary>Finds how much a pruning pass may take so that an accuracy goal holds, by bisection between nothing and what the profile asks for.</summary>
/// <param name="context">Of the model before the pass; it stays as it is.</param>
/// <param name="gauge">Holds candidates against the original and the goal.</param>
/// <param name="progress">Told what is measured at the moment.</param>
internal sealed class PruningSearch(
    PassContext context, string pass, PruneOptions options, QualityGauge gauge, Action<string> progress, CancellationToken cancellation)
{
    /// <summary>Halvings: shares are found to a thirty-second of what is asked for.</summary>
    private const int Steps = 5;

    private readonly Lazy<long> _bytes = new(() => Bytes(context));
    private readonly List<PruningTrial> _trials = [];

    /// <summary>What was tried, in order.</summary>
    public IReadOnlyList<PruningTrial> Trials => _trials;

    /// <summary>The metric with all that is asked for.</summary>
    public GaugeReading? All { get; private set; }

    /// <summary>The metric with what is taken in the end.</summary>
    public GaugeReading? Result { get; private set; }

    /// <returns>Options with which the goal holds; null when it fails even with nothing taken.</returns>
    public PruneOptions? Run()
    {
        progress("all that is asked for");
        All = Result = Measure(options);
        if (All.Holds)
            return options with { Accuracy = null };
        progress("nothing taken");
        Result = Note("nothing", gauge.MeasureAll(context.Model, cancellation));
        if (!Result.Holds)
            return null;
        var (low, high) = (0.0, 1.0);
        for (var step = 0; step < Steps; step++)
        {
            var middle = (low + high) / 2;
            progress($"{100 * middle:0.#}% of what is asked for");
            var reading = Measure(Scaled(middle));
            if (reading.Holds)
                (low, Result) = (middle, reading);
            else
                high = middle;
        }
        return Scaled(low);
    }

    /// <summary>Nothing of what is asked for.</summary>
    public PruneOptions Nothing => options with { Accuracy = null, Flops = null, Budget = null, Scope = PruningScope.Group, Ratio = new(0) };

    /// <summary>A share of what is asked for.</summary>
    private PruneOptions Scaled(double share)
    {
        var plain = options with { Accuracy = null };
        return share == 0 ? Nothing : options.Flops is { } flops ? plain with { Flops = new(1 - share * (1 - flops.Value)) }
            : options.Budget is { } budget ? plain with { Budget = new((long)(_bytes.Value - share * Math.Max(0, _bytes.Value - budget.Bytes))) }
            : plain with { Ratio = new(share * options.Ratio.Value) };
    }

    private GaugeReading Measure(PruneOptions tried)
    {
        var copy = context.Model.Clone();
        PassRunner.Run(new PassContext(copy, new RewriteLog(), context.Engine, new DiagnosticBag()) { Calibration = context.Calibration },
            PassRegistry.Create(pass, tried));
        return Note(tried.Amount, gauge.MeasureAll(copy, cancellation));
    }

    private GaugeReading Note(string amount, GaugeReading reading)
    {
        _trials.Add(new(amount, reading));
        return reading;
    }

    private static long Bytes(PassContext context)
    {
        using var saved = SavedModel.Of(context.Model, files: null);
        return saved.Bytes;
    }
}

/// <param name="Amount">What went, as a profile says it.</param>
internal sealed record PruningTrial(string Amount, GaugeReading Reading);
