using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Calibration;

/// <summary>The profile's calibration data, from which passes learn what values a model takes.</summary>
public sealed class CalibrationData(IInferenceEngine engine, CalibrationSettings settings)
{
    /// <summary>As written: what the runtime fuses away could not be seen.</summary>
    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>The samples as a model takes them, in order.</summary>
    public IEnumerable<Sample> Samples(OnnxModel model) =>
        new DataSet(settings.Data, DataRequest.For(model) with { Limit = settings.Samples, NamedAt = settings.Location }).Read();

    /// <summary>Ranges of values on all samples; a value that was never computed has none.</summary>
    public IReadOnlyDictionary<Value, ValueRange> Ranges(OnnxModel model, IReadOnlyCollection<Value> values, RangeOptions options) =>
        Observe(model, values, _ => new RangeObserver(options))
            .Where(pair => pair.Value.Range is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Range!.Value);

    /// <summary>Ranges of the channels of values on all samples; a value that was never computed has none.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="axes">The values, each with the axis of its channels; negative from the end.</param>
    /// <param name="options">How the ranges are found.</param>
    public IReadOnlyDictionary<Value, IReadOnlyList<ValueRange>> ChannelRanges(OnnxModel model, IReadOnlyDictionary<Value, int> axes, RangeOptions options) =>
        Observe(model, [.. axes.Keys], value => new RangeObserver(options, axes[value]))
            .Where(pair => pair.Value.Ranges is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Ranges!);

    /// <summary>Runs the model on all samples and shows values to observers.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="values">Values of its graph.</param>
    /// <param name="create">Makes an observer for a value; also more than one.</param>
    public IReadOnlyDictionary<Value, T> Observe<T>(OnnxModel model, IReadOnlyCollection<Value> values, Func<Value, T> create)
        where T : IObserver<T>
    {
        var (probe, first) = (model.Clone(out var copies), model.Graph.Outputs.Count);
        var observers = values.Distinct().Select(value => (Value: value, Observer: create(value))).ToList();
        foreach (var (value, _) in observers)
            probe.Graph.AddOutput($"calibrate_{probe.Graph.Outputs.Count}", copies[value]!);
        using var session = engine.Open(probe, AsWritten);
        foreach (var sample in Samples(model))
        {
            var outputs = session.Run(sample.Inputs);
            for (var i = 0; i < observers.Count; i++)
                if (outputs[first + i] is { } tensor)
                    Show(observers[i], tensor, sample);
        }
        return observers.ToDictionary(pair => pair.Value, pair => pair.Observer);

        void Show((Value Value, T Observer) seen, Tensor tensor, Sample sample)
        {
            var observer = seen.Observer.IsOrderFree ? seen.Observer : create(seen.Value);
            observer.Observe(tensor, sample);
            if (!seen.Observer.IsOrderFree)
                seen.Observer.Merge(observer);
        }
    }
}
