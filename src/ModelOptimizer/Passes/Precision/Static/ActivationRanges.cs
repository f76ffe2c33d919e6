using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>The ranges of activations: fixed by the operator that makes them, or as the calibration data shows them.</summary>
/// <param name="options">How the ranges of values on a grid are found.</param>
internal sealed class ActivationRanges(PassContext context, CalibrationData data, Func<AffineGrid, RangeOptions> options)
{
    private readonly Dictionary<GriddedValue, ValueRange?> _ranges = [];

    /// <summary>The range; null for a value that was never computed.</summary>
    public ValueRange? Find(GriddedValue value) => _ranges[value];

    /// <summary>Why a value has no range.</summary>
    public string WhyNone(Value value) => data.WhyNoRange(context.Model, value);

    /// <summary>Finds the ranges of values that are not known yet, in one run over the data for each grid.</summary>
    /// <param name="withMoments">Values whose moments of channels are learned on the way.</param>
    public void Measure(IEnumerable<GriddedValue> values, IReadOnlyCollection<Value> withMoments)
    {
        var fresh = values.Where(value => !_ranges.ContainsKey(value)).ToList();
        foreach (var value in fresh)
            _ranges[value] = Rounded(value) ?? Fixed(value.Value);
        foreach (var group in fresh.Where(value => _ranges[value] is null).GroupBy(value => value.Grid))
            Measure(group.Key, [.. group.Select(value => value.Value)], group.Key.IsWide ? withMoments : []);
    }

    private void Measure(AffineGrid grid, IReadOnlyList<Value> values, IReadOnlyCollection<Value> withMoments)
    {
        foreach (var (value, range) in data.Ranges(context.Model, values, options(grid), withMoments))
            _ranges[new(value, grid)] = new VisibleRange(context.Opset(value.Graph)).Of(value, range);
    }

    /// <summary>All that codes can say, of a value that was rounded before: so it is rounded to the same again.</summary>
    private static ValueRange? Rounded(GriddedValue value) => DequantizedValue.Scale(value.Value, value.Grid.Type) is { } scale
        ? new ValueRange(scale.Value(value.Grid.Low), scale.Value(value.Grid.High))
        : null;

    private static ValueRange? Fixed(Value value) =>
        value.Producer is { } producer && QuantizableOperators.FixedRange(producer) is var (low, high) ? new ValueRange(low, high) : null;
}
