using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// Chooses for each weight how it is stored, so that the whole model fits into a number of bytes with the least error: surveys the ways to store each
/// weight, solves a knapsack over them, holds the size against models really written, and lets samples that had no part in it judge between the
/// answer and the best single settings for all weights.
/// </summary>
internal sealed class SizeBudget
{
    private const int MaxRounds = 8;

    /// <summary>Single settings that are measured beside the answer.</summary>
    private const int Rivals = 1;

    /// <summary>Reasons that a message names.</summary>
    private const int MostKept = 3;

    /// <summary>Bytes of constants above which single weights are not tried at the outputs: each takes sessions of its own.</summary>
    private const long MaxProbed = 1L << 30;

    private readonly QuantizeWeightsOptions _options;
    private readonly NodeSelector _selector;
    private readonly PassContext _context;
    private readonly IReadOnlyList<QuantizeWeightsOptions> _settings;
    private readonly IReadOnlyList<WeightAlgorithm> _algorithms;
    private readonly OutputMeter? _meter;
    private readonly bool _isHeldOut;
    private readonly List<SizedWeight> _weights;
    private readonly SizeTrials _trials;
    private readonly SizeEstimate _estimate;

    /// <exception cref="DiagnosticException">An option stands beside the budget that it can't heed, or the data does not fit the model.</exception>
    public SizeBudget(QuantizeWeightsOptions options, NodeSelector selector, PassContext context)
    {
        if (options.Accuracy is { } goal)
            throw new DiagnosticException(DiagnosticCatalog.SizeBudgetConflict,
                "A size budget and an accuracy goal each decide what is stored how. Give quantize-weights one of the two: "
                + "with 'budget:', hold the accuracy against 'budget:' of the profile", goal.Location ?? options.Location);
        if (options.Algorithm.ScalesInputs)
            throw new DiagnosticException(DiagnosticCatalog.SizeBudgetConflict, $"{options.Algorithm} scales layers for one way to store their weights, and a "
                + "size budget chooses among many. Leave 'algorithm:' out, or name gptq", options.Location);
        (_options, _selector, _context) = (options, selector, context);
        var samples = context.Calibration is { HasSamples: true } data ? new SampleSplit(data, context.Model) : null;
        AttentionProjection.InferMasks(context);
        _settings = SizeSettings.Of(options);
        _algorithms = SizeSettings.Algorithms(options, samples is not null);
        var learning = _algorithms.FirstOrDefault(algorithm => algorithm.LearnsFromInputs);
        var inputs = learning is null ? null : new WeightInputs(options with { Algorithm = learning }, selector, context, samples?.Learning);
        var meter = samples is null || context.MeasureSize().Bytes > MaxProbed ? null : new OutputMeter(context.Engine, context.Model, samples);
        (_meter, _isHeldOut) = (meter is { IsTelling: true } ? meter : null, samples?.IsHeldOut == true);
        var halves = new HalfConstants(context.Model, DataType.Float16);
        _weights = Survey(inputs, halves);
        _trials = new SizeTrials(context, selector, options, _weights, halves, learning is null ? null : (learning, samples!.Learning));
        _estimate = new SizeEstimate(_weights, _trials.Measure([.. _weights.Select(_ => 0)]));
    }

    private long Bytes => _options.Budget!.Value.Bytes;

    /// <exception cref="DiagnosticException">The budget is smaller than anything that is reached.</exception>
    public void Run()
    {
        var candidates = new List<SizeCandidate>();
        Add(candidates, "chosen for each weight", Fit() ?? throw OutOfReach());
        if (!double.IsFinite(Best(candidates).Noise))
            TryProven(candidates);
        var taken = Best(candidates);
        if (!double.IsFinite(taken.Noise))
            _context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SizeBudgetNotFinite, NotFinite(candidates), _options.Location));
        var reporter = new SizeReporter(_weights, _estimate, Measure(), _trials.Apply(taken.Chosen));
        var report = reporter.Report(_context.Log.CurrentPass, Bytes, taken, candidates, _meter?.Judging.Count ?? 0, _isHeldOut);
        _context.Log.Sized(report);
    }

    /// <summary>Adds an answer, and what it is held against where outputs tell.</summary>
    private void Add(List<SizeCandidate> candidates, string name, Allocation answer)
    {
        var more = new List<SizeCandidate> { new(name, answer.Chosen, _trials.Measure(answer.Chosen)) };
        if (_meter is not null)
            more.AddRange(Uniform().Where(candidate => !candidate.Chosen.SequenceEqual(answer.Chosen)).Take(Rivals));
        foreach (var candidate in more.Where(candidate => !candidates.Exists(known => known.Chosen.SequenceEqual(candidate.Chosen))))
            candidates.Add(_meter is null ? candidate : candidate with { Noise = Noise(candidate.Chosen) });
    }

    /// <summary>
    /// Solves once more. What lies between a choice that left outputs finite and one that didn't was taken for finite; now it is left out, with
    /// all that is coarser.
    /// </summary>
    private void TryProven(List<SizeCandidate> candidates)
    {
        var all = _weights.ToList();
        for (var w = 0; w < all.Count; w++)
            _weights[w] = all[w].Proven();
        if (Fit() is { } answer)
            Add(candidates, "chosen of what was seen to leave outputs finite", answer);
        var taken = Best(candidates);
        if (double.IsFinite(taken.Noise) && double.IsFinite(taken.Chosen.Select((choice, w) => _weights[w].Choices[choice].Error).Sum()))
            return;
        // The report tells of what is taken.
        for (var w = 0; w < all.Count; w++)
            _weights[w] = all[w];
    }

    /// <summary>Of equals the first, which is the answer.</summary>
    private static SizeCandidate Best(List<SizeCandidate> candidates) => candidates.MinBy(candidate => candidate.Noise)!;

    private List<SizedWeight> Survey(WeightInputs? inputs, HalfConstants halves)
    {
        var probe = _meter is null ? null : new WeightProbe(_context.Model, _meter);
        var policy = new WeightPolicy(_options, _context.Model);
        policy.Report(_context.Diagnostics, _algorithms);
        var lstm = new LstmWeights(_options, _selector, _context);
        var reach = _options.Format == WeightFormat.Standard ? StandardOpset.Reach(_context) : default;
        return [.. new WeightSurvey(_settings, _algorithms, _selector, policy, lstm, reach, inputs, probe, halves, _context).Run()];
    }

    /// <summary>Solves, writes, learns from the size what was estimated wrongly, and solves again until the answer stays the same.</summary>
    /// <returns>The allocation of the least error of those that fit; null when none does.</returns>
    private Allocation? Fit()
    {
        var (best, last, margin) = (default(Allocation), default(Allocation), 0L);
        for (var round = 0; round < MaxRounds; round++)
        {
            var knapsack = _estimate.Knapsack();
            var fitting = knapsack.Solve(Bytes - _estimate.OtherBytes - margin);
            // Where nothing fits by estimate, the smallest teaches what is estimated wrongly.
            var answer = fitting ?? knapsack.Solve(knapsack.SmallestBytes)!;
            var actual = _trials.Measure(answer.Chosen);
            if (actual <= Bytes && (best is null || answer.Error < best.Error))
                best = answer;
            if (last is not null && last.Chosen.SequenceEqual(answer.Chosen))
                if (actual <= Bytes || fitting is null)
                    break;
                else
                    margin += actual - Bytes;
            _estimate.Learn(answer.Chosen, actual);
            last = answer;
        }
        return best ?? Smallest();
    }

    private Allocation? Smallest()
    {
        var knapsack = _estimate.Knapsack();
        var smallest = knapsack.Solve(knapsack.SmallestBytes)!;
        return _trials.Measure(smallest.Chosen) <= Bytes ? smallest : null;
    }

    /// <summary>One setting for all weights, where that fits, the best by estimate first.</summary>
    private IEnumerable<SizeCandidate> Uniform() => _settings.Select(Name).Append("float16 for all weights")
        .Select((name, s) => (Name: name, Chosen: (IReadOnlyList<int>)[.. _weights.Select(weight => weight.BySetting[s])]))
        .Where(one => _estimate.Of(one.Chosen) <= Bytes + Bytes / 64)
        .OrderBy(one => one.Chosen.Select((choice, w) => _weights[w].Choices[choice].Error).Sum())
        .Select(one => new SizeCandidate(one.Name, one.Chosen, _trials.Measure(one.Chosen)))
        .Where(candidate => candidate.Bytes <= Bytes);

    private double Noise(IReadOnlyList<int> chosen) => _meter!.Measure(_trials.Build(chosen), _meter.Judging) is var noise && double.IsNaN(noise)
        ? double.PositiveInfinity
        : noise;

    private static string Name(QuantizeWeightsOptions setting) =>
        $"{(setting.Symmetric ? "int" : "uint")}{setting.Bits} "
        + $"{(setting.BlockSize is { } block ? $"in blocks of {block}" : "per channel")} for all weights";

    private string Measure() => _meter is not null
        ? string.Join("; ", [
            "noise over signal at the outputs on calibration data, their mean, of each weight alone, added up",
            .. _meter.Remarks, .. Unmeasured()])
        : _algorithms.Any(algorithm => algorithm.LearnsFromInputs)
            ? "squared error of each layer's output on calibration data, relative to its energy, added up"
            : "squared error of each weight, relative to its energy, added up; "
                + (_context.Calibration is { HasSamples: true } ? $"{_options.Algorithm} learns from no inputs" : "there is no calibration data");

    private IEnumerable<string> Unmeasured()
    {
        var unmeasured = _weights.Where(weight => weight.IsUnmeasured).Select(weight => $"'{weight.Name}'").ToList();
        if (unmeasured.Count > 0)
            yield return $"of {string.Join(", ", unmeasured.Take(MostKept))}{(unmeasured.Count > MostKept ? ", …" : "")}, which make outputs infinite, "
                + "the error of the weight itself, relative to its energy";
    }

    private string NotFinite(List<SizeCandidate> candidates) =>
        $"{_context.Log.CurrentPass} found nothing within {new ByteSize(Bytes)} that leaves the outputs finite on calibration data: "
        + $"{candidates.Count} {(candidates.Count == 1 ? "choice was" : "choices were")} tried, and '{Best(candidates).Name}' is written. "
        + "Allow a larger size; or keep the weights that make outputs infinite in float with 'exclude'";

    private DiagnosticException OutOfReach()
    {
        var knapsack = _estimate.Knapsack();
        var least = _trials.Measure(knapsack.Solve(knapsack.SmallestBytes)!.Chosen);
        return new DiagnosticException(DiagnosticCatalog.SizeBudgetMissed,
            $"{_context.Log.CurrentPass} can't bring the model to {Show(Bytes)}: {Show(least)} is the smallest that it reaches, of which "
            + $"{Show(_estimate.FixedBytes)} are no weights that it has a choice for. {Kept(least)}{Advice()}", _options.Location);

        static string Show(long bytes) => FormattableString.Invariant($"{new ByteSize(bytes)} ({bytes:N0} bytes)");
    }

    /// <summary>The largest weights that get no codes, with what keeps them.</summary>
    /// <param name="least">What is reached: what hardly counts beside it is left out.</param>
    private string Kept(long least)
    {
        var kept = _weights.Where(weight => weight.Refusal is not null).GroupBy(weight => weight.Refusal!)
            .Select(group => (Why: group.Key, First: group.First().Name, Count: group.Count(), Bytes: group.Sum(SmallestBytes)))
            .Where(group => group.Bytes >= least / 100).OrderByDescending(group => group.Bytes).Take(MostKept).ToList();
        return kept.Count == 0 ? "" : "Weights that stay floats: " + string.Join("; ", kept.Select(group =>
            $"'{group.First}'{(group.Count > 1 ? $" and {group.Count - 1} more" : "")}, {new ByteSize(group.Bytes)} ({group.Why})")) + ". ";
    }

    private static long SmallestBytes(SizedWeight weight) => weight.Choices.Min(choice => choice.Bytes);

    private string Advice()
    {
        var narrowing = new (bool IsGiven, string Name)[]
        {
            (_options.BlockSize is not null, "block-size"), (_options.PerChannel, "per-channel"), (_options.Format == WeightFormat.Standard, "format"),
            (_options.LmHeadBits is not null, "lm-head-bits"), (_options.EmbeddingBits is not null, "embedding-bits"),
            (_options.FirstLastBits is not null, "first-last-bits"),
        }.Where(option => option.IsGiven).Select(option => option.Name).ToList();
        return narrowing.Count > 0
            ? $"Leave {string.Join(" and ", narrowing)} open; or allow that size"
            : "Take a smaller model, prune this one, or allow that size";
    }
}

/// <summary>Choices that are held against each other.</summary>
/// <param name="Noise">Noise over signal, the mean of the outputs; 0 where nothing is measured.</param>
internal sealed record SizeCandidate(string Name, IReadOnlyList<int> Chosen, long Bytes, double Noise = 0);
