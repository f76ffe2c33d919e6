using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>A value on a grid. One value may be rounded to two grids, where nodes of different precision read it.</summary>
internal readonly record struct GriddedValue(Value Value, AffineGrid Grid);

/// <summary>
/// Which values are rounded, and to what. Values that movement joins share one scale and zero point, found from the ranges of those among them
/// that are read by anything but movement.
/// </summary>
internal sealed class QdqPlan
{
    private readonly MovementPlan _movement;
    private readonly DisjointSets<GriddedValue> _joined = new();
    private readonly List<GriddedValue> _rounded = [];
    private Dictionary<GriddedValue, (AffineScale Scale, ValueRange Range)> _scales = [];

    private QdqPlan(OnnxModel model, IReadOnlyList<StaticNode> nodes, IReadOnlySet<Node> kept)
    {
        Nodes = nodes;
        _movement = new MovementPlan(model, nodes, kept);
        Moving = [.. GraphWalker.Nodes(model).Where(node => _movement.GridOf(node) is not null)];
        foreach (var node in Moving)
            foreach (var output in node.Outputs.OfType<Value>())
                Join(node.Input(0)!, output, _movement.GridOf(node)!.Value);
        foreach (var node in nodes)
            AddValues(node);
    }

    /// <param name="kept">Clamps that have to stay; those found to are added.</param>
    public static QdqPlan Of(OnnxModel model, IReadOnlyList<StaticNode> nodes, HashSet<Node> kept)
    {
        while (true)
        {
            var plan = new QdqPlan(model, nodes, kept);
            var more = plan.FindNeededClamps();
            if (more.Count == 0)
                return plan;
            // A clamp that stays splits the values that share a scale, so that others may go after all.
            kept.UnionWith(more);
        }
    }

    public IReadOnlyList<StaticNode> Nodes { get; }

    /// <summary>Nodes that move codes, and clamps that go, in order.</summary>
    public IReadOnlyList<Node> Moving { get; }

    /// <summary>Values whose ranges decide on scales.</summary>
    public IEnumerable<GriddedValue> Measured => _rounded.Distinct().Where(Decides);

    public AffineGrid? GridOf(Node moving) => _movement.GridOf(moving);

    public bool IsAbsorbed(Node clamp) => _movement.IsAbsorbed(clamp);

    /// <summary>The scale of a value, and the range that it was made for.</summary>
    public (AffineScale Scale, ValueRange Range) ScaleOf(Value value, AffineGrid grid) => _scales[_joined.Find(new(value, grid))];

    /// <summary>Finds all scales.</summary>
    /// <param name="rangeOf">The range of a value; null when the data shows none.</param>
    /// <param name="whyNone">Why a value has no range.</param>
    /// <returns>The nodes that can't be quantized after all, and why.</returns>
    public IReadOnlyDictionary<Node, string> Fit(Func<GriddedValue, ValueRange?> rangeOf, Func<Value, string> whyNone)
    {
        var problems = new Dictionary<GriddedValue, string>();
        var ranges = new Dictionary<GriddedValue, ValueRange>();
        foreach (var rounded in Measured)
        {
            var group = _joined.Find(rounded);
            if (rangeOf(rounded) is not { } range)
                problems.TryAdd(group, whyNone(rounded.Value));
            else if (!float.IsFinite(range.Low) || !float.IsFinite(range.High))
                problems.TryAdd(group, $"{rounded.Value} becomes infinite or undefined on the calibration data");
            else
                ranges[group] = ranges.TryGetValue(group, out var known) ? Union(known, range) : range;
        }
        _scales = ranges.ToDictionary(pair => pair.Key, pair => (pair.Key.Grid.Fit(pair.Value), pair.Value));
        return Nodes.Select(node => (node.Node, Why: Values(node).Select(value => problems.GetValueOrDefault(_joined.Find(value))).FirstOrDefault(why => why is not null)))
            .Where(pair => pair.Why is not null).ToDictionary(pair => pair.Node, pair => pair.Why!);
    }

    /// <summary>Clamps that rounding can't replace, because only zeros were seen behind them: codes on any step reach beyond their bounds then.</summary>
    public IReadOnlyList<Node> ClampsOfNothing() => [.. Moving.Where(clamp => IsAbsorbed(clamp) && ScaleOf(clamp.Input(0)!, GridOf(clamp)!.Value).Scale.CoversNothing)];

    /// <summary>Clamps that rounding can't replace, because a value beyond their bounds shares the scale.</summary>
    private List<Node> FindNeededClamps()
    {
        var deciding = Measured.ToLookup(_joined.Find, value => value.Value);
        return [.. Moving.Where(IsAbsorbed).Where(clamp =>
            deciding[_joined.Find(new(clamp.Input(0)!, GridOf(clamp)!.Value))].Any(value => !_movement.StaysWithin(value, clamp)))];
    }

    private void AddValues(StaticNode node)
    {
        foreach (var value in Values(node))
        {
            _joined.Add(value);
            _rounded.Add(value);
        }
    }

    private static IEnumerable<GriddedValue> Values(StaticNode node)
    {
        var grid = node.Precision.Activations;
        var outputs = node.Operator.NeedsOutput ? node.Node.Outputs.OfType<Value>() : [];
        return node.Activations.Select(index => node.Node.Input(index)!).Concat(outputs).Select(value => new GriddedValue(value, grid));
    }

    private void Join(Value first, Value second, AffineGrid grid)
    {
        _joined.Join(new(first, grid), new(second, grid));
        foreach (var value in (Value[])[first, second])
            _rounded.Add(new(value, grid));
    }

    /// <summary>
    /// What only movement reads is seen by nobody else: its range may be wider than that of what is moved on. Nor does it count what others read
    /// as floats.
    /// </summary>
    private bool Decides(GriddedValue rounded)
    {
        var isMade = _movement.MadeOn(rounded.Value) == rounded.Grid;
        return rounded.Value.Uses.Count == 0
            || rounded.Value.Uses.Any(use => _movement.GridOf(use.User) != rounded.Grid && (isMade || _movement.WantedBy(use) == rounded.Grid));
    }

    private static ValueRange Union(ValueRange first, ValueRange second) => new(MathF.Min(first.Low, second.Low), MathF.Max(first.High, second.High));
}
