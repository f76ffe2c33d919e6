using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>The noise that changed copies of a model leave at its outputs, on samples that it answers once.</summary>
internal sealed class OutputNoise
{
    private readonly IInferenceEngine _engine;
    private readonly CancellationToken _cancellation;
    private readonly List<Reference> _references = [];
    private readonly Lazy<Dictionary<string, double>> _signals;

    /// <param name="model">What copies are held against; stays as it is.</param>
    /// <param name="samples">Those that it answers.</param>
    /// <param name="counts">Whether an output counts; null takes all.</param>
    /// <param name="ceiling">Bytes that samples and answers may take; those beyond are not read.</param>
    /// <param name="cancellation">Ends the work between two samples, then and later.</param>
    /// <exception cref="DiagnosticException">The model can't be run, or the data does not fit.</exception>
    public OutputNoise(
        IInferenceEngine engine, OnnxModel model, IEnumerable<Sample> samples, Func<string, bool>? counts = null, long ceiling = long.MaxValue,
        CancellationToken cancellation = default)
    {
        (_engine, _cancellation, _signals) = (engine, cancellation, new(MeasureSignals));
        using var original = ModelRunner.Open(engine, model, "original");
        foreach (var sample in samples)
        {
            cancellation.ThrowIfCancellationRequested();
            _references.Add(new Reference(sample, original.Run(sample).Where(output => counts?.Invoke(output.Key) != false).ToDictionary()));
            Bytes += _references[^1].Bytes;
            if (Bytes > ceiling)
            {
                Overflows = true;
                break;
            }
        }
    }

    /// <summary>What samples and answers take.</summary>
    public long Bytes { get; }

    /// <summary>Whether they take more than they may, so that some are missing.</summary>
    public bool Overflows { get; }

    /// <summary>Noise power over signal power at a copy's worst output; infinite where it can't be run.</summary>
    public double Of(OnnxModel copy)
    {
        var meter = new NoiseMeter(null);
        return TryRun(copy, _references, meter.Add) ? meter.Ratio : double.PositiveInfinity;
    }

    /// <summary>
    /// The noise power that a copy leaves at each output on each of some samples, over the output's signal power on all samples; null where it
    /// can't be run.
    /// </summary>
    /// <param name="places">Of the samples, from 0 on.</param>
    public IReadOnlyList<IReadOnlyDictionary<string, double>>? OfSamples(OnnxModel copy, IEnumerable<int> places)
    {
        var noises = new List<IReadOnlyDictionary<string, double>>();
        return TryRun(copy, places.Select(place => _references[place]), Add) ? noises : null;

        void Add(IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual) =>
            noises.Add(Readable(expected).ToDictionary(output => output.Name, output => NoiseMeter.Divide(
                NoiseMeter.Compare(output.Values, actual.GetValueOrDefault(output.Name)).Noise, _signals.Value[output.Name])));
    }

    private Dictionary<string, double> MeasureSignals()
    {
        var signals = new Dictionary<string, double>();
        foreach (var (name, values) in _references.SelectMany(reference => Readable(reference.Outputs)))
            signals[name] = signals.GetValueOrDefault(name) + NoiseMeter.Compare(values, values).Signal;
        return signals;
    }

    private static IEnumerable<(string Name, Tensor Values)> Readable(IReadOnlyDictionary<string, Tensor?> outputs) =>
        from output in outputs
        where output.Value is { } values && OutputElements.CanRead(values.ElementType)
        select (output.Key, output.Value);

    private bool TryRun(
        OnnxModel copy, IEnumerable<Reference> references, Action<IReadOnlyDictionary<string, Tensor?>, IReadOnlyDictionary<string, Tensor?>> compare)
    {
        try
        {
            using var runner = ModelRunner.Open(_engine, copy, "result");
            foreach (var reference in references)
            {
                _cancellation.ThrowIfCancellationRequested();
                compare(reference.Outputs, runner.Run(reference.Sample));
            }
            return true;
        }
        catch (DiagnosticException)
        {
            return false;
        }
    }
}
