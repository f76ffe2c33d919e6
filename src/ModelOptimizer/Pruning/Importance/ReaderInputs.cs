using System.Numerics.Tensors;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>A layer that sums over a group's channels: which of its inputs each unit has.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Inputs">By unit: places among the layer's inputs, a kernel's elements one by one.</param>
internal sealed record ReaderOfGroup(RefitLayer Layer, IReadOnlyList<int[]> Inputs)
{
    /// <summary>Those layers of a group that can be learned about.</summary>
    public static IEnumerable<ReaderOfGroup> Of(PruningGroup group) =>
        from axis in @group.Consumers
        let layer = RefitLayer.Of(axis.Operand.Reader!).Layer
        where layer is { Depth: <= LayerRefit.MaxDepth } && axis.Operand.Slot == 1
        let kernel = layer.Depth / axis.Range.Count
        select new ReaderOfGroup(layer, [.. axis.Places.Select(places => places.SelectMany(place => Enumerable.Range(place * kernel, kernel)).ToArray())]);
}

/// <summary>Shows what layers read on calibration data, as many at a time as memory allows.</summary>
internal static class ReaderInputs
{
    /// <summary>Elements of rows that are held at once.</summary>
    private const long Held = 1L << 26;

    /// <param name="takesMeans">Whether a bias, where there is a place for one, makes up for means: then X is what a layer reads without them.</param>
    /// <param name="look">Gets each layer that the data shows with XᵀX [depth, depth] of what it reads; its upper triangle counts, and it may be changed. It is good during the call only.</param>
    public static void Visit(OnnxModel model, CalibrationData data, IEnumerable<RefitLayer> layers, bool takesMeans, Action<RefitLayer, float[]> look)
    {
        var samples = Math.Max(1, data.CountSamples(model));
        // One layer of a value after the other: each may see it in another way.
        var turns = layers.DistinctBy(layer => layer.Node).GroupBy(layer => layer.Node.Input(0)!)
            .SelectMany(readers => readers.Select((layer, turn) => (Layer: layer, Turn: turn))).GroupBy(layer => layer.Turn, layer => layer.Layer);
        var buffers = new FloatBuffers();
        foreach (var some in turns.SelectMany(turn => Portions.Of(turn, layer => layer.RowsOfSample(samples) * samples * layer.Depth, Held)))
        {
            var readers = some.ToDictionary(layer => layer.Node.Input(0)!);
            var seen = data.Observe(model, [.. readers.Keys], value => new PlacedRows(readers[value].InputRows, readers[value].RowsOfSample(samples), buffers));
            foreach (var (value, layer) in readers)
            {
                var gram = seen[value].Width == layer.Depth ? Gram(seen[value], takesMeans && layer.Bias is not null, buffers) : null;
                seen[value].Forget();
                if (gram is null)
                    continue;
                look(layer, gram);
                buffers.Return(gram);
            }
        }
    }

    private static float[] Gram(PlacedRows seen, bool isCentered, FloatBuffers buffers)
    {
        var (width, gram) = (seen.Width, buffers.Rent(checked(seen.Width * seen.Width)));
        var finite = seen.Samples.Select(sample => sample.Rows).Where(rows => float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(rows))).ToList();
        if (isCentered)
            RowMeans.TakeOff(finite, width);
        foreach (var rows in finite)
            MatrixProduct.AddGram(MatrixView.Of(gram, width, width), MatrixView.Of(rows, rows.Length / width, width));
        return gram;
    }
}
