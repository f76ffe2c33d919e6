using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>
/// A model that runs in slices and shows wanted values on the way. Its cuts suit the largest sample met so far: <see cref="Fit"/> before each.
/// </summary>
internal sealed class SlicedModel : IDisposable
{
    private readonly IInferenceEngine _engine;
    private readonly OnnxModel _model;
    private readonly HashSet<Value> _wanted;
    private readonly NodeReads _reads;

    /// <summary>Wanted inputs and constants, which need no run.</summary>
    private readonly List<Value> _given;
    private readonly Dictionary<string, Shape> _shapes = [];
    private ValueSizes? _sizes;
    private SlicePlan? _plan;
    private bool _isPlanMeasured;
    private List<Slice> _slices = [];

    /// <summary>Weights that slices read from where they lie.</summary>
    private readonly SharedConstants _shared;
    private volatile bool _isStale = true;

    public SlicedModel(IInferenceEngine engine, OnnxModel model, IEnumerable<Value> wanted)
    {
        (_engine, _model, _shared) = (engine, model, new(engine, model));
        new TypeInference(engine).Run(model);
        _wanted = [.. wanted];
        _reads = new NodeReads(model.Graph, _wanted);
        _given = [.. _wanted.Where(value => value.IsGraphInput || ConstantOf(value) is not null)];
    }

    /// <summary>How many slices there are.</summary>
    public int Count => _slices.Count;

    /// <summary>What the plan expects one sample to hold at most, and where.</summary>
    public (long Bytes, Node? Node) Peak => (_plan!.PeakBytes, _plan.PeakNode);

    /// <summary>Whether a sample can run as things stand. When not, no other may run while <see cref="Fit"/> sees to it.</summary>
    public bool Fits(Sample sample) => !_isStale && sample.Inputs.All(input => Holds(_shapes.GetValueOrDefault(input.Key), input.Value));

    /// <summary>Whether all sizes are known; else one sample should run alone to tell them.</summary>
    public bool IsMeasured { get; private set; }

    /// <summary>The part of the ceiling that values may take; the rest is for what no plan sees: the kernels' own memory, weights, and what allocators round up.</summary>
    private const double Planned = 0.75;

    /// <summary>Values of a slice that are looked at before they leave the cache: about what one core has of its second level.</summary>
    private const long Cached = 2 << 20;

    /// <summary>Cuts the model so that as many samples as possible, up to a number of them, stay below a ceiling together.</summary>
    /// <returns>How many samples may run at once.</returns>
    public int Fit(Sample sample, long ceiling, int most)
    {
        foreach (var (name, tensor) in sample.Inputs)
            _shapes[name] = Union(_shapes.GetValueOrDefault(name), tensor);
        _sizes = new ValueSizes(_engine, _model, _shapes, _sizes);
        IsMeasured |= !_reads.Nodes.SelectMany(node => node.Outputs).OfType<Value>().Any(_sizes.IsUnknown);
        var (plan, together) = PlanFor((long)(ceiling * Planned), most);
        if (!plan.CutsLike(_plan))
            Open(plan);
        (_plan, _isPlanMeasured, _isStale) = (plan, IsMeasured, false);
        return together;
    }

    /// <summary>Cuts that stand are kept as long as they do, since to open sessions takes long.</summary>
    private (SlicePlan Plan, int Together) PlanFor(long ceiling, int most)
    {
        if (_isPlanMeasured && _plan!.With(_reads, IsHandedOut, CanLeave, _sizes!) is var same && same.PeakBytes <= ceiling / most)
            return (same, most);
        for (var together = most; ; together--)
        {
            var share = ceiling / together;
            // Of guesses no more is made than needed.
            var plan = SlicePlan.Make(_reads, IsHandedOut, CanLeave, _sizes!, IsMeasured ? Math.Min(share, Cached) : share);
            if (plan.PeakBytes <= share || together == 1)
                return (plan, together);
        }
    }

    /// <summary>Runs one sample.</summary>
    /// <param name="show">Gets each wanted value that is a numeric tensor, which is only valid during the call.</param>
    /// <exception cref="DiagnosticException">The runtime fails on the sample.</exception>
    public void Run(Sample sample, Action<Value, Tensor> show)
    {
        var values = new Dictionary<Value, IRuntimeValue>();
        try
        {
            ShowGiven(sample, show);
            foreach (var input in _model.Graph.Inputs.Where(input => _slices.Count > 0 && sample.Inputs.ContainsKey(input.Name)))
                values[input] = _slices[0].Hold(sample.Inputs[input.Name]);
            for (var i = 0; i < _slices.Count; i++)
                Run(i, values, show);
        }
        catch (InferenceException e)
        {
            throw new DiagnosticException(DiagnosticCatalog.RunFailed, $"The model fails on sample {sample.Index}: {e.Message}", new SourceLocation(sample.Source));
        }
        finally
        {
            foreach (var value in values.Values)
                value.Dispose();
        }
        IsMeasured = true;
    }

    public void Dispose()
    {
        _shared.Release();
        _slices.ForEach(slice => slice.Dispose());
    }

    private void ShowGiven(Sample sample, Action<Value, Tensor> show)
    {
        foreach (var value in _given)
            if (value.IsGraphInput && sample.Inputs.TryGetValue(value.Name, out var fed))
                show(value, fed);
            else if (ConstantOf(value) is { } constant)
                show(value, constant);
    }

    private static Tensor? ConstantOf(Value value) => value.Initializer ?? value.Producer?.ConstantOutput;

    private void Run(int index, Dictionary<Value, IRuntimeValue> values, Action<Value, Tensor> show)
    {
        var slice = _slices[index];
        var next = index + 1 < _slices.Count ? _plan!.Starts[index + 1] : int.MaxValue;
        var outputs = slice.Run(value => _shared.Find(value) ?? values[value]);
        _shared.LetGo(slice.Reads);
        var i = 0;
        try
        {
            for (; i < outputs.Count; i++)
            {
                var put = slice.Puts[i];
                Look(put, outputs[i].Tensor, show);
                if (put.IsReadLater)
                    values.Add(put.Value, outputs[i]);
                else
                    outputs[i].Dispose();
            }
        }
        finally
        {
            for (; i < outputs.Count; i++)
                outputs[i].Dispose();
        }
        foreach (var done in values.Keys.Where(value => _reads.LastUse(value) < next).ToList())
        {
            values.Remove(done, out var value);
            value!.Dispose();
        }
    }

    private void Look(Put put, Tensor? tensor, Action<Value, Tensor> show)
    {
        if (tensor is null)
            return;
        // Several threads come here, and none may take back what another says.
        if (_sizes!.Measure(put.Value, tensor.ByteCount))
            _isStale = true;
        if (put.IsWanted)
            show(put.Value, tensor);
    }

    private void Open(SlicePlan plan)
    {
        Dispose();
        _slices = [];
        try
        {
            _shared.Choose(plan, _reads);
            for (var i = 0; i < plan.Starts.Count && _reads.Nodes.Count > 0; i++)
                _slices.Add(OpenSlice(plan.Starts[i], i + 1 < plan.Starts.Count ? plan.Starts[i + 1] : _reads.Nodes.Count));
            _shared.Hold(_slices);
        }
        catch (InferenceException e)
        {
            Dispose();
            throw ModelRunner.Refused(_engine, _model, "calibrated", e);
        }
    }

    /// <summary>Hands out what is wanted, what later slices read, and what only a run can tell the size of.</summary>
    private Slice OpenSlice(int start, int end) => Slice.Open(_engine, _model, _reads.Nodes.Take(start..end),
        value => IsHandedOut(value) || _reads.LastUse(value) >= end ? new Put(value, _wanted.Contains(value), _reads.LastUse(value) >= end) : null,
        _shared.Has);

    private bool IsHandedOut(Value value) => _wanted.Contains(value) || _sizes!.IsUnknown(value) && CanLeave(value);

    /// <summary>Only a tensor of a type that the runtime can hold: sequences and the like can't be declared as inputs and outputs.</summary>
    private bool CanLeave(Value value) => value.Type is { ElementType: not DataType.String and var type } && _engine.CanHold(type);

    private static bool Holds(Shape? shape, Tensor tensor) => shape is not null && shape.Rank == tensor.Dimensions.Length
        && shape.Dimensions.Zip(tensor.Dimensions).All(pair => pair.First.Value >= pair.Second);

    private static Shape Union(Shape? shape, Tensor tensor) => shape is null || shape.Rank != tensor.Dimensions.Length
        ? Shape.Of(tensor.Dimensions)
        : Shape.Of(shape.Dimensions.Zip(tensor.Dimensions, (known, length) => Math.Max(known.Value!.Value, length)));
}
