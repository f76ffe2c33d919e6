using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

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
    /// <summary>Elements of rows that are kept at once: of what the original's layers made, and of what layers read.</summary>
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
        foreach (var layers in turns.SelectMany(turn => Portions.Of(turn, layer => layer.RowsOfSample(_samples) * _samples * layer.Depth, Held)).Select(portion => portion.ToDictionary(layer => layer.Node.Input(0)!)))
        {
            var read = data.Observe(context.Model, [.. layers.Keys], value => Rows(layers[value], layer => layer.InputRows));
            foreach (var (value, layer) in layers)
            {
                Refit(layer, read[value], made[Copy(layer)]);
                read[value].Forget();
                made[Copy(layer)].Forget();
            }
        }
    }

    private void Refit(List<RefitStatistics> level)
    {
        if (level.Count == 0)
            return;
        var before = data.Observe(original, [.. level.Select(one => Before(one)).Distinct()], _ => new ChannelMomentsObserver());
        var now = data.Observe(context.Model, [.. level.Select(one => one.Node.Input(0)!).Distinct()], _ => new ChannelMomentsObserver());
        foreach (var one in level.Where(_ => !context.IsDone))
            if (one.Run(before[Before(one)].Moments, kept(one.Node.Input(0)!, 1), now[one.Node.Input(0)!].Moments, context.Model,
                () => context.Rewriting("bring mean and variance up to what is left, of", one.Node)) is { } why)
                context.Refuse(one.Node, why);
    }

    private void Refit(RefitLayer layer, PlacedRows read, PlacedRows made)
    {
        if (context.IsDone)
            return;
        var output = new Operand(layer.Node.Output());
        var places = (layer.Node.Is("Conv") ? 1 : output.Rank - 1) is { } axis ? kept(output.Value, axis) : null;
        if (LayerRefit.Of(layer, read, made, places, _buffers) is not { } refit)
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
        string.Create(CultureInfo.InvariantCulture, $"fit weights to what is left, which leaves {100 * left:0.#}% of the squared error, of");

    private PlacedRows Rows(RefitLayer layer, Func<RefitLayer, RowForm> form) => new(form(layer), layer.RowsOfSample(_samples), _buffers);

    private long Elements(RefitLayer layer) => layer.RowsOfSample(_samples) * _samples * layer.Outputs;

    /// <summary>What the node read in the original, where another value may have stood.</summary>
    private Value Before(RefitStatistics one) => copies[one.Node.Output()]!.Producer!.Input(0)!;

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
