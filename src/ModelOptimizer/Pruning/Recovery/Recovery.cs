using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Fits the layers anew that read pruned channels, in the order of the graph, so that each sees what those before it became and makes of it what the
/// original made (layer-wise reconstruction by least squares: He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017).
/// Statistics of BatchNormalization behind them follow.
/// </summary>
/// <param name="context">The pruned model's.</param>
/// <param name="original">The model before, which is only run.</param>
/// <param name="copies">For every value of the pruned model that was there before, the original's.</param>
/// <param name="data">What both are run on.</param>
/// <param name="kept">Which places along an axis of a value are left; null for all.</param>
internal sealed class Recovery(
    PassContext context, OnnxModel original, IReadOnlyDictionary<Value, Value?> copies, CalibrationData data, Func<Value, int, IReadOnlyList<int>?> kept)
{
    /// <summary>Elements of rows that are kept at once: of what the original made, and of what layers read.</summary>
    private const long Held = 1L << 26;

    private readonly long _samples = data.CountSamples(context.Model);
    private readonly List<string> _poor = [];
    private readonly FloatBuffers _buffers = new();

    /// <summary>Tells of layers that had fewer rows than inputs: the penalty decides there.</summary>
    public void Report(string pass, SourceLocation? location)
    {
        if (_poor.Count > 0)
            context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.FewRowsToRecover,
                $"{pass} fitted {_poor.Count} layers anew by fewer rows than they have inputs, so that they change little: "
                + $"{string.Join(", ", _poor.Take(3))}{(_poor.Count > 3 ? ", …" : "")}. Give more calibration samples", location));
    }

    /// <param name="readers">Nodes that read what is no longer what it was.</param>
    public void Run(IReadOnlySet<Node> readers)
    {
        context.InferTypes();
        foreach (var reader in readers.Where(node => node.Graph is not { Owner: null, IsFunction: false }))
            context.Refuse(reader, "it stands in a body");
        foreach (var levels in Portions.Of(Levels(readers), level => level.Sum(one => Elements(one.Target(_samples))), Held))
        {
            if (context.IsDone)
                return;
            var made = RowView.Observe(data, original, levels.SelectMany(level => level).Select(Made), _buffers);
            foreach (var some in levels.SelectMany(level => Portions.Of(level, one => Views(one).Sum(Elements), Held)))
                Refit(some, made);
        }
    }

    /// <summary>What is fitted, in the order in which it is.</summary>
    private List<List<IRefit>> Levels(IReadOnlySet<Node> readers)
    {
        var changed = Downstream(readers);
        var levels = new LayerLevels<IRefit>(context.Model.Graph, node => !changed.Contains(node) ? null
            : RefitStatistics.Of(node) ?? (IRefit?)(readers.Contains(node) ? Layer(node) : null));
        return [.. levels.Levels.Select((level, height) => level.Select(one => one is RefitLayer layer ? Placed(layer, height) : one).ToList())];

        // What is added must have become what it will be: of two layers that are added up, the later one makes up for both.
        RefitLayer Placed(RefitLayer layer, int height) =>
            ResidualSum.Of(layer.Result) is { } sum && levels.HeightOf(sum.Skip) <= height ? layer with { Residual = sum } : layer;
    }

    /// <summary>The nodes and all that depends on them.</summary>
    private HashSet<Node> Downstream(IReadOnlySet<Node> first)
    {
        var (nodes, values) = (new HashSet<Node>(), new HashSet<Value>());
        foreach (var node in context.Model.Graph.Nodes)
            if (first.Contains(node) || GraphWalker.Reads(node).Any(values.Contains))
            {
                nodes.Add(node);
                values.UnionWith(node.Outputs.OfType<Value>());
            }
        return nodes;
    }

    private void Refit(IReadOnlyList<IRefit> some, IReadOnlyDictionary<RowView, PlacedRows> made)
    {
        var read = RowView.Observe(data, context.Model, some.SelectMany(Views), _buffers);
        foreach (var one in some)
        {
            if (context.IsDone)
                return;
            var target = made[Made(one)];
            var (rows, why) = RefitRows.Of(read[one.Input(_samples)], target, Kept(one), one.Skip(_samples) is { } skip ? read[skip] : null, _buffers);
            target.Forget();
            if (rows is not null)
                why = Fit(one, rows);
            if (why is not null)
                context.Refuse(one.Node, why);
        }
        foreach (var rows in read.Values)
            rows.Forget();
    }

    private string? Fit(IRefit one, RefitRows rows)
    {
        var why = one.Fit(rows, context.Model, _buffers, what => context.Rewriting(what, one.Node));
        if (why is null && rows.Count < one.Inputs)
            _poor.Add($"{one.Node} ({rows.Count} rows for {one.Inputs} inputs)");
        rows.Return(_buffers);
        return why;
    }

    /// <summary>Which elements of the target's rows are left; null for all.</summary>
    private List<int>? Kept(IRefit one)
    {
        var target = one.Target(_samples).Value;
        return NodeChannels.Resolve(new Operand(target), one.TargetAxis) is { } axis
            ? kept(target, axis)?.SelectMany(channel => Enumerable.Range(channel * one.PlacesOfChannel, one.PlacesOfChannel)).ToList()
            : null;
    }

    /// <summary>What is looked at in the pruned model.</summary>
    private IEnumerable<RowView> Views(IRefit one) => one.Skip(_samples) is { } skip ? [one.Input(_samples), skip] : [one.Input(_samples)];

    /// <summary>What is looked at in the original.</summary>
    private RowView Made(IRefit one)
    {
        var view = one.Target(_samples);
        return view with { Value = copies[view.Value]! };
    }

    private long Elements(RowView view) => view.Most * _samples * view.Width;

    private RefitLayer? Layer(Node node)
    {
        var (layer, why) = RefitLayer.Of(node);
        if (layer is { Depth: <= LayerRefit.MaxDepth })
            return layer;
        context.Refuse(node, why ?? $"{layer!.Depth} inputs, of which a matrix is made; {LayerRefit.MaxDepth} are the most");
        return null;
    }
}
