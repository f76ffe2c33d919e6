using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>Why a value was not shown as it should have been.</summary>
/// <param name="Value">The value of the observed model.</param>
/// <param name="Why">The reason.</param>
/// <param name="SawExtremes">Whether at least its extremes were shown.</param>
internal sealed record PartialView(Value Value, string Why, bool SawExtremes);

/// <summary>Shows wanted values of a model to observers, sample by sample.</summary>
internal sealed class Observation<T> : IDisposable
    where T : class, IObserver<T>
{
    private readonly Func<Value, T> _create;
    private readonly SlicedModel _model;
    private readonly Dictionary<Value, List<View>> _shown = [];
    private readonly Dictionary<Value, T> _observers;
    private readonly List<PartialView> _partial = [];

    public Observation(IInferenceEngine engine, OnnxModel model, IEnumerable<Value> values, Func<Value, T> create)
    {
        _create = create;
        _observers = values.Distinct().ToDictionary(value => value, create);
        var probe = model.Clone(out var copies);
        var inBodies = _observers.Keys.Where(value => value.Graph != model.Graph).ToList();
        if (inBodies.Count > 0)
            new TypeInference(engine).Run(probe);
        foreach (var value in _observers.Keys.Except(inBodies))
            Expect(copies[value]!, value, CarriedForm.Whole);
        var bodies = inBodies.Count > 0 ? new BodyValues(probe) : null;
        // Reasons first: they are about the model as it is, without what carries values out.
        foreach (var (value, form) in inBodies.Select(value => (value, Form: FormOf(bodies!, value, copies[value]!))).ToList())
            if (form is { } known)
                foreach (var carried in bodies!.CarryOut(copies[value]!, known == CarriedForm.Extremes))
                    Expect(carried.Value, value, carried.Form);
        _model = new SlicedModel(engine, probe, _shown.Keys);
    }

    /// <summary>Values that were not shown in full.</summary>
    public IReadOnlyList<PartialView> Partial => _partial;

    /// <summary>What a sample holds at most, and at which node.</summary>
    public (long Bytes, Node? Node) Peak => _model.Peak;

    /// <summary>How many slices the model runs in.</summary>
    public int Slices => _model.Count;

    /// <returns>The observers, and how many samples they saw.</returns>
    public (IReadOnlyDictionary<Value, T> Observers, int Samples) Run(IEnumerable<Sample> samples, long ceiling, int threads, CancellationToken cancellation)
    {
        var queue = new SampleQueue(samples, _model, ceiling, threads, cancellation);
        queue.Run(Look, Merge);
        return (_observers, queue.Count);
    }

    public void Dispose() => _model.Dispose();

    private void Expect(Value shown, Value wanted, CarriedForm form)
    {
        if (!_shown.TryGetValue(shown, out var views))
            _shown.Add(shown, views = []);
        var observer = _observers[wanted];
        views.Add(new View(new CarriedValue(shown, form), wanted, observer.IsOrderFree ? observer : null));
    }

    private CarriedForm? FormOf(BodyValues bodies, Value value, Value copy)
    {
        var ranges = _observers[value] as RangeObserver;
        var whyNotWhole = bodies.WhyNotWhole(copy);
        if (bodies.WhyNotAtAll(copy) is { } never)
            _partial.Add(new PartialView(value, never, SawExtremes: false));
        else if (whyNotWhole is null && ranges?.PrefersExtremes != true)
            return CarriedForm.Whole;
        else if (ranges?.AcceptsExtremes != true)
            _partial.Add(new PartialView(value, whyNotWhole!, SawExtremes: false));
        else
        {
            if (!ranges.PrefersExtremes)
                _partial.Add(new PartialView(value, whyNotWhole!, SawExtremes: true));
            return CarriedForm.Extremes;
        }
        return null;
    }

    /// <returns>What observers of their own learned from the sample.</returns>
    private Dictionary<Value, T> Look(Sample sample)
    {
        var own = new Dictionary<Value, T>();
        _model.Run(sample, (shown, tensor) =>
        {
            foreach (var view in _shown[shown])
                Show(view, tensor, sample, own);
        });
        return own;
    }

    private void Show(View view, Tensor tensor, Sample sample, Dictionary<Value, T> own)
    {
        // An empty tensor stands for a branch that was not taken, too.
        if (tensor.ElementCount == 0 && view.Wanted.Graph.Owner is not null)
            return;
        var observer = view.Shared ?? OwnOf(view.Wanted, own);
        lock (observer)
            if (view.Carried.Form == CarriedForm.Whole)
                observer.Observe(tensor, sample);
            else
                ShowParts(view.Carried, tensor, observer, sample);
    }

    /// <summary>On its own, since what it hands on costs memory with every call.</summary>
    private static void ShowParts(CarriedValue carried, Tensor tensor, T observer, Sample sample) =>
        carried.Show(tensor, step => observer.Observe(step, sample),
            (extremes, nonFinite) => ((RangeObserver)(object)observer).Observe(extremes, nonFinite, sample));

    private T OwnOf(Value wanted, Dictionary<Value, T> own)
    {
        if (!own.TryGetValue(wanted, out var observer))
            own.Add(wanted, observer = _create(wanted));
        return observer;
    }

    private void Merge(Dictionary<Value, T> own)
    {
        foreach (var (value, observer) in _observers)
            if (own.TryGetValue(value, out var later))
                observer.Merge(later);
    }

    /// <summary>How a value of the model shows a wanted one.</summary>
    /// <param name="Shared">The observer that sees all samples; null when each sample has one of its own.</param>
    private sealed record View(CarriedValue Carried, Value Wanted, T? Shared);
}
