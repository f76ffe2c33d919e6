using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>Chooses which units of groups go.</summary>
/// <param name="data">What is learned from; null where weights alone decide.</param>
/// <param name="recovers">Whether what is lost is made up for afterwards, means by biases.</param>
internal sealed class UnitChoice(OnnxModel model, CalibrationData? data, PruningImportance importance, bool recovers)
{
    /// <param name="groups">The groups.</param>
    /// <param name="counts">By group: how many units go.</param>
    /// <returns>By group: the units that go.</returns>
    public IReadOnlyList<IReadOnlyList<int>> Of(IReadOnlyList<PruningGroup> groups, IReadOnlyList<int> counts)
    {
        var readers = groups.Select((group, i) => data is null || counts[i] == 0 ? [] : ReaderOfGroup.Of(group).ToList()).ToList();
        var eliminations = groups.Select(group => new BackwardElimination(group.Units)).ToList();
        var losses = groups.Select(group => new double[group.Units]).ToList();
        var byLayer = readers.SelectMany((some, i) => some.Select(reader => (reader, i))).ToLookup(pair => pair.reader.Layer.Node);
        if (data is not null)
            ReaderInputs.Visit(model, data, readers.SelectMany(some => some).Select(reader => reader.Layer), recovers, (layer, gram) =>
            {
                foreach (var (reader, i) in byLayer[layer.Node])
                    if (importance == PruningImportance.Reconstruction)
                        eliminations[i].Add(layer.ReadColumns(), (float[])gram.Clone(), reader.Inputs);
                    else
                        Add(losses[i], layer, gram, reader.Inputs);
            });
        return [.. groups.Select((group, i) => eliminations[i].Knows ? eliminations[i].Run(counts[i])
            : Smallest(losses[i].Any(loss => loss > 0) ? losses[i] : WeightImportance.Of(group), counts[i]))];
    }

    /// <summary>Squares of weights times mean squares of inputs, as shares of all of the layer.</summary>
    private static void Add(double[] losses, RefitLayer layer, float[] gram, IReadOnlyList<int[]> inputs)
    {
        var (columns, outputs) = (layer.ReadColumns(), layer.Outputs);
        var squares = Enumerable.Range(0, layer.Depth).Select(k => (double)gram[k * layer.Depth + k]
            * System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(columns.AsSpan(k * outputs, outputs))).ToArray();
        var all = squares.Sum();
        for (var unit = 0; unit < losses.Length && all > 0; unit++)
            losses[unit] += inputs[unit].Sum(k => squares[k]) / all;
    }

    private static List<int> Smallest(double[] losses, int count) =>
        [.. Enumerable.Range(0, losses.Length).OrderBy(unit => losses[unit]).ThenBy(unit => unit).Take(count)];
}
