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
        Observe(model, values, _ => Observer(options.Calibrator))
            .Where(pair => pair.Value.Range is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Range!.Value);

    private static MinMaxObserver Observer(Calibrator calibrator) => calibrator switch
    {
        Calibrator.MinMax => new MinMaxObserver(),
        _ => throw new ArgumentOutOfRangeException(nameof(calibrator)),
    };

    /// <summary>Runs the model on all samples and shows values to observers.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="values">Values of its graph.</param>
    /// <param name="create">Makes an observer for a value.</param>
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
                    observers[i].Observer.Observe(tensor);
        }
        return observers.ToDictionary(pair => pair.Value, pair => pair.Observer);
    }
}
