using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Fits the layers anew that read pruned channels, in the order of the graph, so that each sees what those before it became and makes of it what the
/// original made (layer-wise reconstruction by least squares: He et al., "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017).
/// </summary>
/// <param name="context">The pruned model's.</param>
/// <param name="original">The model before, of which only outputs of layers are asked.</param>
/// <param name="copies">For every value of the pruned model that was there before, the original's.</param>
/// <param name="data">What both are run on.</param>
/// <param name="kept">Which places along an axis of a value are left; null for all.</param>
internal sealed class Recovery(
    PassContext context, OnnxModel original, IReadOnlyDictionary<Value, Value?> copies, CalibrationData data, Func<Value, int, IReadOnlyList<int>?> kept)
{
    /// <summary>Rows that a fit goes by, for each input of the layer.</summary>
    private const int RowsPerInput = 4;

    private const int FewestRows = 512;
    private const int MostRows = 8192;

    /// <summary>Elements of rows that the original's layers made, kept at once.</summary>
    private const long Held = 1L << 26;

    private readonly long _samples = data.CountSamples(context.Model);
    private readonly List<string> _poor = [];

    /// <summary>Layers that had fewer rows than inputs, with both numbers: the penalty decides there.</summary>
    public IReadOnlyList<string> Poor => _poor;

    /// <param name="readers">Nodes that sum over pruned channels.</param>
    public void Run(IReadOnlySet<Node> readers)
    {
        context.InferTypes();
        var levels = LayerLevels.Of<IRefit>(context.Model.Graph, node => readers.Contains(node) ? Layer(node) : RefitStatistics.Of(node));
        for (var start = 0; start < levels.Count && !context.IsDone;)
        {
            var (count, held) = (0, 0L);
            while (start + count < levels.Count && (count == 0 || held + levels[start + count].OfType<RefitLayer>().Sum(Elements) <= Held))
                held += levels[start + count++].OfType<RefitLayer>().Sum(Elements);
            var some = levels.GetRange(start, count);
            var makers = some.SelectMany(level => level.OfType<RefitLayer>()).ToDictionary(Copy);
            var made = data.Observe(original, [.. makers.Keys], value => Rows(makers[value], layer => layer.OutputRows));
            foreach (var level in some)
            {
                Refit([.. level.OfType<RefitLayer>()], made);
                Refit([.. level.OfType<RefitStatistics>()]);
            }
            start += count;
        }
    }

    private void Refit(List<RefitLayer> level, IReadOnlyDictionary<Value, PlacedRows> made)
    {
        // Layers that see the same value in different ways look at it one after the other.
        var turns = level.GroupBy(layer => layer.Node.Input(0)!).SelectMany(readers => readers.Select((layer, turn) => (Layer: layer, Turn: turn)))
            .GroupBy(layer => layer.Turn, layer => layer.Layer);
        foreach (var layers in turns.SelectMany(InPortions).Select(portion => portion.ToDictionary(layer => layer.Node.Input(0)!)))
        {
            var read = data.Observe(context.Model, [.. layers.Keys], value => Rows(layers[value], layer => layer.InputRows));
            foreach (var (value, layer) in layers)
                Refit(layer, read[value], made[Copy(layer)]);
        }
    }

    private void Refit(List<RefitStatistics> level)
    {
        if (level.Count == 0)
            return;
        var before = data.Observe(original, [.. level.Select(one => copies[one.Node.Input(0)!]!).Distinct()], _ => new ChannelMomentsObserver());
        var now = data.Observe(context.Model, [.. level.Select(one => one.Node.Input(0)!).Distinct()], _ => new ChannelMomentsObserver());
        foreach (var one in level.Where(_ => !context.IsDone))
            if (one.Run(before[copies[one.Node.Input(0)!]!].Moments, kept(one.Node.Input(0)!, 1), now[one.Node.Input(0)!].Moments, context.Model,
                () => context.Rewriting("bring mean and variance up to fewer channels of", one.Node)) is { } why)
                context.Refuse(one.Node, why);
    }

    private void Refit(RefitLayer layer, PlacedRows read, PlacedRows made)
    {
        if (context.IsDone)
            return;
        var output = layer.Node.Output();
        if (LayerRefit.Of(layer, read, made, kept(output, layer.Node.Is("Conv") ? 1 : new Operand(output).Rank!.Value - 1)) is not { } refit)
        {
            context.Refuse(layer.Node, "the calibration data shows too few inputs of it to fit its weights anew");
            return;
        }
        if (refit.Rows < layer.Depth)
            _poor.Add($"{layer.Node} ({refit.Rows} rows for {layer.Depth} inputs)");
        if (refit.Run(context.Model, left => context.Rewriting(Words(left), layer.Node)) is { } why)
            context.Refuse(layer.Node, why);
    }

    private static string Words(double left) =>
        string.Create(CultureInfo.InvariantCulture, $"fit weights to fewer channels, which leaves {100 * left:0.#}% of the squared error, of");

    private PlacedRows Rows(RefitLayer layer, Func<RefitLayer, RowForm> form) => new(form(layer), PerSample(layer));

    private int PerSample(RefitLayer layer) =>
        (int)Math.Max(1, (Math.Clamp(RowsPerInput * (long)layer.Depth, FewestRows, MostRows) + _samples - 1) / _samples);

    /// <summary>As many layers at a time as memory allows for what they read.</summary>
    private IEnumerable<List<RefitLayer>> InPortions(IEnumerable<RefitLayer> layers)
    {
        var (portion, held) = (new List<RefitLayer>(), 0L);
        foreach (var layer in layers)
        {
            var elements = PerSample(layer) * _samples * layer.Depth;
            if (held + elements > Held && portion.Count > 0)
            {
                yield return portion;
                (portion, held) = ([], 0);
            }
            portion.Add(layer);
            held += elements;
        }
        if (portion.Count > 0)
            yield return portion;
    }

    private long Elements(RefitLayer layer) => PerSample(layer) * _samples * layer.Outputs;

    private Value Copy(RefitLayer layer) => copies[layer.Node.Output()]!;

    private RefitLayer? Layer(Node node)
    {
        var (layer, why) = RefitLayer.Of(node);
        if (layer is { Depth: <= LayerRefit.MaxDepth })
            return layer;
        context.Refuse(node, why ?? $"{layer!.Depth} inputs, of which a matrix is made; {LayerRefit.MaxDepth} are the most");
        return null;
    }
}
