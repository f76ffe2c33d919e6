using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Puts QuantizeLinear and DequantizeLinear behind values, one pair for each value, grid and graph.</summary>
internal sealed class ActivationPairs(QdqPlan plan, QdqConstants constants, PassContext context)
{
    private readonly Dictionary<(GriddedValue, Graph), Value> _pairs = [];

    /// <summary>What each DequantizeLinear that was written stands for.</summary>
    private readonly Dictionary<Value, GriddedValue> _origins = [];

    /// <summary>Lets an input read codes on the grid.</summary>
    public void Round(Node reader, int index, AffineGrid grid)
    {
        var value = reader.Input(index)!;
        if (_origins.TryGetValue(value, out var origin) && origin.Grid == grid && value.Graph == reader.Graph)
            return;
        if (origin.Value is null && IsRounded(value, grid) && value.Graph == reader.Graph)
            return;
        var key = (new GriddedValue(origin.Value ?? value, grid), reader.Graph!);
        if (!_pairs.TryGetValue(key, out var rounded))
            rounded = Insert(value, key.Item1, reader.Graph!);
        reader.SetInput(index, rounded);
    }

    /// <summary>Lets everything that reads a value of its graph read codes on the grid. Clamps on the way that do nothing then go.</summary>
    public void RoundForAll(Value value, AffineGrid grid)
    {
        while (value.Uses is [var only] && plan.IsAbsorbed(only.User) && plan.GridOf(only.User) == grid)
            only.User.ReplaceWith(value);
        if (value.Uses.Count == 0)
            return;
        var readers = value.Uses.ToList();
        // Already rounded more coarsely where a node of another precision made it.
        var rounded = Insert(value, new GriddedValue(_origins.TryGetValue(value, out var origin) ? origin.Value : value, grid), value.Graph);
        foreach (var reader in readers)
            reader.User.SetInput(reader.Index, rounded);
    }

    /// <summary>The scale of what an input reads, rounded or about to be.</summary>
    public float ScaleOf(Value value, AffineGrid grid) =>
        plan.ScaleOf(_origins.TryGetValue(value, out var origin) ? origin.Value : value, grid).Scale.Scale;

    /// <summary>True for what is rounded alike already, by a pass before this one.</summary>
    private bool IsRounded(Value value, AffineGrid grid) => DequantizedValue.Scale(value, grid.Type) is { } known && plan.ScaleOf(value, grid).Scale is var wanted
        && known.ZeroPoint == wanted.ZeroPoint && MathF.Abs(known.Scale - wanted.Scale) <= 1e-6f * known.Scale;

    private Value Insert(Value value, GriddedValue stands, Graph graph)
    {
        var (scale, range) = plan.ScaleOf(stands.Value, stands.Grid);
        var (scaleValue, zeroPoint) = constants.Scalars(graph, stands.Value.Name, stands.Grid.Type, scale);
        var quantize = Insert("QuantizeLinear", value, "quantize");
        var dequantize = Insert("DequantizeLinear", quantize.Output(), "dequantize");
        dequantize.Output().Type = value.Type;
        _origins[dequantize.Output()] = stands;
        _pairs[(stands, graph)] = dequantize.Output();
        context.Rounded(stands.Value, stands.Grid.Type, scale.Scale, scale.ZeroPoint, range);
        return dequantize.Output();

        Node Insert(string opType, Value input, string suffix) => constants.InsertBehind(
            graph, opType, [input, scaleValue, zeroPoint], $"{stands.Value.Name}_{suffix}", QdqConstants.OpsetFor(stands.Grid));
    }
}
