using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>Chooses which units of groups go.</summary>
/// <param name="data">What is learned from; null where weights alone decide.</param>
/// <param name="recovers">Whether what is lost is made up for afterwards, means by biases.</param>
/// <param name="trials">Measures losses, where these are what units are chosen by.</param>
internal sealed class UnitChoice(OnnxModel model, CalibrationData? data, PruningImportance importance, bool recovers, PruningTrials? trials)
{
    private readonly HashSet<PruningGroup> _byWeights = [];

    /// <summary>Groups whose units were chosen by weights, since nothing can be learned of what reads them.</summary>
    public IReadOnlySet<PruningGroup> ByWeights => _byWeights;

    /// <param name="groups">The groups.</param>
    /// <param name="counts">By group: how many units go.</param>
    /// <returns>By group: the units that go, the first first.</returns>
    public IReadOnlyList<IReadOnlyList<int>> Of(IReadOnlyList<PruningGroup> groups, IReadOnlyList<int> counts)
    {
        var buffers = new FloatBuffers();
        var readers = groups.Select((group, i) => data is null || counts[i] == 0 ? [] : ReaderOfGroup.Of(group).ToList()).ToList();
        var pending = groups.Select((group, i) => new Pending(group, counts[i], buffers, readers[i].Select(reader => reader.Layer.Node))).ToList();
        var byLayer = readers.SelectMany((some, i) => some.Select(reader => (reader, i))).ToLookup(pair => pair.reader.Layer.Node);
        if (data is not null)
            ReaderInputs.Visit(model, data, readers.SelectMany(some => some).Select(reader => reader.Layer), recovers, (layer, gram) =>
            {
                var some = byLayer[layer.Node].ToList();
                foreach (var (reader, i) in some)
                    Learn(pending[i], reader, reader == some[^1].reader ? gram : (float[])gram.Clone());
            });
        return [.. pending.Select(group => group.Chosen ?? Choose(group))];
    }

    /// <summary>Matrices are as large as weights: a group is decided on as soon as the last of its readers has been seen.</summary>
    /// <param name="gram">XᵀX; it is changed.</param>
    private void Learn(Pending group, ReaderOfGroup reader, float[] gram)
    {
        if (importance == PruningImportance.Activation)
            Add(group.Losses, reader.Layer, gram, reader.Inputs);
        else
            group.Elimination.Add(reader.Layer, gram, reader.Inputs);
        group.Unseen.Remove(reader.Layer.Node);
        if (group.Unseen.Count == 0)
            group.Chosen = Choose(group);
    }

    private IReadOnlyList<int> Choose(Pending group)
    {
        if (importance != PruningImportance.Loss || group.Count == 0)
            return Order(group, group.Count);
        var order = Order(group, group.Group.Units);
        var losses = MeasuredLoss.Of(group.Group, order, trials!);
        // Of those that were measured together the least important ones go first.
        return [.. order.OrderBy(unit => losses[unit]).Take(group.Count)];
    }

    /// <summary>By what is known of the group's readers, or else by weights.</summary>
    private IReadOnlyList<int> Order(Pending group, int count)
    {
        if (group.Elimination.Knows)
            return group.Elimination.Run(count);
        if (group.Losses.Any(loss => loss > 0))
            return Smallest(group.Losses, count);
        if (importance is PruningImportance.Activation or PruningImportance.Reconstruction)
            _byWeights.Add(group.Group);
        return Smallest(WeightImportance.Of(group.Group), count);
    }

    /// <summary>Squares of weights times mean squares of inputs, as shares of all of the layer.</summary>
    private static void Add(double[] losses, RefitLayer layer, float[] gram, IReadOnlyList<int[]> inputs)
    {
        var (columns, outputs) = (layer.ReadColumns(new float[layer.Depth * layer.Outputs]), layer.Outputs);
        var squares = Enumerable.Range(0, layer.Depth).Select(k => (double)gram[k * layer.Depth + k]
            * System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(columns.AsSpan(k * outputs, outputs))).ToArray();
        var all = squares.Sum();
        for (var unit = 0; unit < losses.Length && all > 0; unit++)
            losses[unit] += inputs[unit].Sum(k => squares[k]) / all;
    }

    private static List<int> Smallest(double[] losses, int count) =>
        [.. Enumerable.Range(0, losses.Length).OrderBy(unit => losses[unit]).ThenBy(unit => unit).Take(count)];

    /// <summary>A group whose units are being chosen.</summary>
    private sealed class Pending(PruningGroup group, int count, FloatBuffers buffers, IEnumerable<Node> readers)
    {
        public PruningGroup Group => group;

        public int Count => count;

        public HashSet<Node> Unseen { get; } = [.. readers];

        public double[] Losses { get; } = new double[group.Units];

        public BackwardElimination Elimination { get; } = new(group.Units, buffers);

        public IReadOnlyList<int>? Chosen { get; set; }
    }
}
