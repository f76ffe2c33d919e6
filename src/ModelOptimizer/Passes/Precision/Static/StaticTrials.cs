using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Writes forms of a quantized model into copies and measures what noise each leaves at the outputs of real numbers, on calibration samples.
/// </summary>
internal sealed class StaticTrials
{
    /// <summary>Twice as many as shifts are learned of: where there are enough, half of them or more are others. Spread evenly.</summary>
    private const int MostSamples = 64;

    /// <summary>Fewer tell nothing for certain.</summary>
    public const int FewestSamples = 8;

    /// <summary>Bytes of samples and answers.</summary>
    private const long Held = 128L << 20;

    /// <summary>Bytes of weights that models measured side by side may hold together.</summary>
    private const long Ceiling = 1L << 30;

    private readonly StaticFormWriter _writer;
    private readonly OnnxModel _before;
    private readonly OutputNoise _noise;
    private readonly CalibrationData _data;

    /// <param name="before">The model before it was quantized, by which noise is told.</param>
    /// <exception cref="DiagnosticException">It can't be run.</exception>
    public StaticTrials(StaticFormWriter writer, OnnxModel before, CalibrationData data, PassContext context)
    {
        (_writer, _before, _data) = (writer, before, data);
        var outputs = before.Graph.Outputs.Where(IsReal).Select(output => output.Name).ToHashSet();
        var one = Noise(1).Bytes;
        _noise = Noise((int)Math.Clamp(Held / Math.Max(1, one), FewestSamples, MostSamples));

        OutputNoise Noise(int samples) => new(context.Engine, before, data.Samples(before, samples), outputs.Contains);
    }

    /// <summary>Why noise at the outputs tells nothing of the model; null where it does.</summary>
    public static string? WhyNot(OnnxModel model) => !model.Graph.Outputs.Any(IsReal) ? "no output of the model is of real numbers"
        : GraphWalker.Nodes(model).FirstOrDefault(node => !OperatorCatalog.IsDeterministic(node)) is { } node ? $"{node} draws lots"
        : null;

    /// <summary>How many samples were taken.</summary>
    public int Samples => _noise.Samples;

    /// <summary>What comes of each form.</summary>
    public IReadOnlyList<StaticTrial> Measure()
    {
        // Rounds of correction build on each other: forms of the same kernels share what they learn.
        var shifts = _writer.Forms.Select(form => form.RoundsToNearest).Distinct()
            .ToDictionary(isNearest => isNearest, _ => new LearnedShifts(_data, _before, isKept: false));
        var models = _writer.Forms.Select(form => (Form: form, Model: Write(form, shifts[form.RoundsToNearest]))).ToList();
        var trials = new List<StaticTrial>();
        foreach (var some in models.Chunk(SideBySide.Fitting(_before, Ceiling)))
        {
            _data.Cancellation.ThrowIfCancellationRequested();
            var noise = new double[]?[some.Length];
            SideBySide.For(some.Length, i => noise[i] = some[i].Model is { } model ? _noise.OfSamples(model) : null);
            trials.AddRange(some.Zip(noise, (one, noise) => new StaticTrial(one.Form, noise ?? [], shifts[one.Form.RoundsToNearest])));
        }
        return trials;
    }

    /// <returns>Null where the runtime can't compute what is to be learned.</returns>
    private OnnxModel? Write(StaticForm form, LearnedShifts shifts)
    {
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
