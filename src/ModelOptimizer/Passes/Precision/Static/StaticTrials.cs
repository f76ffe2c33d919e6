using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>
/// Writes forms of a quantized model into copies and measures what noise each leaves at the outputs of real numbers, on calibration samples.
/// </summary>
internal sealed class StaticTrials
{
    private readonly StaticFormWriter _writer;
    private readonly OnnxModel _before;
    private readonly CalibrationData _data;
    private readonly HashSet<string> _outputs;

    /// <param name="before">The model before it was quantized, by which noise is told.</param>
    public StaticTrials(StaticFormWriter writer, OnnxModel before, CalibrationData data)
    {
        (_writer, _before, _data) = (writer, before, data);
        _outputs = [.. before.Graph.Outputs.Where(IsReal).Select(output => output.Name)];
    }

    /// <summary>Why noise at the outputs tells nothing of the model; null where it does.</summary>
    public static string? WhyNot(OnnxModel model) => !model.Graph.Outputs.Any(IsReal) ? "no output of the model is of real numbers"
        : GraphWalker.Nodes(model).FirstOrDefault(node => !OperatorCatalog.IsDeterministic(node)) is { } node ? $"{node} is random"
        : null;

    /// <summary>What comes of each form, or why that can't be had.</summary>
    /// <exception cref="DiagnosticException">The model can't be run.</exception>
    public (IReadOnlyList<StaticTrial> Trials, string? WhyNone) Measure(PassContext context)
    {
        var count = _data.CountSamples(_before);
        if (count < TrialSamples.Fewest)
            return ([], $"that takes {TrialSamples.Fewest} calibration samples at least, and there are {count}");
        var one = Answer(context, _data.Samples(_before, 1)).Bytes;
        var budget = new TrialBudget(_data.Ceiling.Bytes, one);
        for (var most = budget.Samples; most >= TrialSamples.Fewest; most = Fewer(most))
        {
            var samples = new TrialSamples(count, most);
            var noise = Answer(context, _data.Only(samples.Judging.ToHashSet()).Samples(_before));
            if (!noise.Overflows)
                return (Measure(samples, noise, budget.Sessions(_before, noise.Bytes)), null);
        }
        return ([], $"a calibration sample with its outputs takes {new ByteSize(one)}, and {TrialSamples.Fewest} of them more than "
            + $"calibration may hold ({_data.Ceiling}): raise 'memory:', or give smaller samples");
    }

    /// <summary>Half as many, but the fewest before none.</summary>
    private static int Fewer(int most) => most > TrialSamples.Fewest ? Math.Max(TrialSamples.Fewest, most / 2) : 0;

    private OutputNoise Answer(PassContext context, IEnumerable<Evaluation.Data.Sample> samples) =>
        new(context.Engine, _before, samples, _outputs.Contains, _data.Ceiling.Bytes, _data.Cancellation);

    private List<StaticTrial> Measure(TrialSamples samples, OutputNoise noise, int sessions)
    {
        var folds = samples.Folds.Select(fold => Measure(fold, noise, sessions)).ToList();
        return [.. _writer.Forms.Select((form, i) =>
            StaticTrial.Of(form, folds.Exists(fold => fold[i] is null) ? null : [.. folds.SelectMany(fold => fold[i]!)]))];
    }

    /// <returns>The noise of each form by output and sample; null where the runtime can't compute it.</returns>
    private IReadOnlyList<IReadOnlyDictionary<string, double>>?[] Measure(TrialFold fold, OutputNoise noise, int sessions)
    {
        // Rounds of correction build on each other: forms of the same kernels share what they learn.
        var learned = _data.Only(fold.Learned);
        var shifts = _writer.Forms.Select(form => form.RoundsToNearest).Distinct()
            .ToDictionary(isNearest => isNearest, _ => new LearnedShifts(learned, _before, int.MaxValue, isKept: false));
        var models = _writer.Forms.Select(form => Write(form, shifts[form.RoundsToNearest])).ToList();
        var noises = new IReadOnlyList<IReadOnlyDictionary<string, double>>?[models.Count];
        foreach (var some in Enumerable.Range(0, models.Count).Chunk(sessions))
            SideBySide.For(some.Length, i => noises[some[i]] = models[some[i]] is { } model ? noise.OfSamples(model, fold.Judging) : null);
        return noises;
    }

    /// <returns>Null where the runtime can't compute what is to be learned.</returns>
    private OnnxModel? Write(StaticForm form, LearnedShifts shifts)
    {
        _data.Cancellation.ThrowIfCancellationRequested();
        try
        {
            return _writer.Try(form, shifts);
        }
        catch (DiagnosticException)
        {
            return null;
        }
    }

    private static bool IsReal(GraphOutput output) => output.Value.Type is { } type && OutputElements.IsReal(type.ElementType);
}
