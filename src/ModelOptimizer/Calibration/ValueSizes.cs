using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>How many bytes each value takes for inputs of certain shapes: inferred from them, or else measured in a run.</summary>
internal sealed class ValueSizes
{
    /// <summary>Taken for a value of which nothing is known while nothing at all is.</summary>
    private const long Guess = 1 << 20;

    private readonly Dictionary<Value, long> _inferred = [];
    private readonly Dictionary<Value, (long Bytes, long InputBytes)> _measured;
    private readonly long _inputBytes;
    private readonly long _largest;
    private readonly bool _isAllInferred = true;

    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="shapes">The shapes of its inputs by name.</param>
    /// <param name="before">What was measured for other shapes.</param>
    public ValueSizes(IInferenceEngine engine, OnnxModel model, IReadOnlyDictionary<string, Shape> shapes, ValueSizes? before)
    {
        _measured = before?._measured ?? [];
        var fixedModel = model.Clone(out var copies);
        foreach (var input in fixedModel.Graph.Inputs)
            if (shapes.TryGetValue(input.Name, out var shape) && input.Type is { } type)
                input.Type = type with { Shape = shape };
        new TypeInference(engine).Run(fixedModel);
        foreach (var value in model.Graph.Inputs.Concat(model.Graph.MadeValues))
            if (copies[value]?.Type is { Shape.IsStatic: true } type)
                _inferred[value] = type.ElementType.ByteCount(type.Shape.ElementCount!.Value);
            else
                _isAllInferred = false;
        _inputBytes = Math.Max(1, model.Graph.Inputs.Sum(input => _inferred.GetValueOrDefault(input)));
        _largest = _inferred.Count == 0 ? Guess : _inferred.Values.Max();
    }

    /// <summary>The bytes expected; of what was measured in a smaller run, in proportion to the inputs.</summary>
    public long Of(Value value)
    {
        if (_inferred.TryGetValue(value, out var inferred))
            return inferred;
        lock (_measured)
            return _measured.TryGetValue(value, out var seen) ? (long)(seen.Bytes * Math.Max(1.0, (double)_inputBytes / seen.InputBytes)) : _largest;
    }

    /// <summary>True for a value whose size only a run can tell.</summary>
    public bool IsUnknown(Value value) => !_inferred.ContainsKey(value);

    /// <summary>Takes in a size met in a run.</summary>
    /// <returns>True when it is news: more than what was expected, or the first that is known.</returns>
    public bool Measure(Value value, long bytes)
    {
        if (_isAllInferred || _inferred.ContainsKey(value))
            return false;
        lock (_measured)
        {
            if (_measured.TryGetValue(value, out var seen) && bytes <= Of(value))
                return false;
            // With some room, so that not every sample that is a bit larger makes a new plan.
            _measured[value] = (Math.Max(bytes + bytes / 4, seen.Bytes), _inputBytes);
            return true;
        }
    }
}
