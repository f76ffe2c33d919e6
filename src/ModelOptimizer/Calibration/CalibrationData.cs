using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Calibration;

/// <summary>The profile's calibration data, from which passes learn what values a model takes.</summary>
public sealed class CalibrationData(IInferenceEngine engine, CalibrationSettings settings)
{
    /// <summary>How many samples are worked on at once, memory permitting. Results do not depend on it.</summary>
    internal int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Hears of values that are not finite, reach out strangely, or could not be seen.</summary>
    public IDiagnosticSink? Diagnostics { get; init; }

    /// <summary>Ends the work between two samples.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The samples as a model takes them, in order.</summary>
    public IEnumerable<Sample> Samples(OnnxModel model) =>
        new DataSet(settings.Data, DataRequest.For(model) with { Limit = settings.Samples, NamedAt = settings.Location }).Read();

    /// <summary>Ranges of values on all samples; a value that was never computed has none.</summary>
    public IReadOnlyDictionary<Value, ValueRange> Ranges(OnnxModel model, IReadOnlyCollection<Value> values, RangeOptions options) =>
        Chosen(Observe(model, values, _ => new RangeObserver(options)), observer => observer.Range is { } range ? [range] : null)
            .ToDictionary(pair => pair.Key, pair => pair.Value[0]);

    /// <summary>Ranges of the channels of values on all samples; a value that was never computed has none.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="axes">The values, each with the axis of its channels; negative from the end.</param>
    /// <param name="options">How the ranges are found.</param>
    public IReadOnlyDictionary<Value, IReadOnlyList<ValueRange>> ChannelRanges(OnnxModel model, IReadOnlyDictionary<Value, int> axes, RangeOptions options) =>
        Chosen(Observe(model, [.. axes.Keys], value => new RangeObserver(options, axes[value])), observer => observer.Ranges)
            .ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <summary>The calibrators' choices, on all cores: some search long.</summary>
    private static IEnumerable<KeyValuePair<Value, IReadOnlyList<ValueRange>>> Chosen(
        IReadOnlyDictionary<Value, RangeObserver> observers, Func<RangeObserver, IReadOnlyList<ValueRange>?> choose) =>
        observers.AsParallel().AsOrdered().Select(pair => (pair.Key, Ranges: choose(pair.Value))).AsSequential()
            .Where(pair => pair.Ranges is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Ranges!));

    /// <summary>Runs the model on all samples and shows values to observers.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="values">Values of its graph.</param>
    /// <param name="create">Makes an observer for a value; also more than one.</param>
    public IReadOnlyDictionary<Value, T> Observe<T>(OnnxModel model, IReadOnlyCollection<Value> values, Func<Value, T> create)
        where T : IObserver<T>
    {
        using var observation = new Observation<T>(engine, model, values, create);
        return observation.Run(Samples(model), settings.Memory.Bytes, Threads, Cancellation).Observers;
    }
}
