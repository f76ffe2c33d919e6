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
    /// <param name="look">
    /// Gets each layer that the data shows with XᵀX [depth, depth] of what it reads; its upper triangle counts, and it may be changed. It is good during
    /// the call only.
    /// </param>
    public static void Visit(OnnxModel model, CalibrationData data, IEnumerable<RefitLayer> layers, bool takesMeans, Action<RefitLayer, float[]> look)
    {
        var (samples, buffers) = (Math.Max(1, data.CountSamples(model)), new FloatBuffers());
        var byView = layers.DistinctBy(layer => layer.Node).GroupBy(layer => layer.Input(samples)).ToList();
        if (byView.Count == 0)
            return;
        // A sample may have fewer rows than are wanted of it.
        var rows = RowView.CountRows(data.Only(new HashSet<long> { 0 }), model, byView.Select(readers => readers.Key));
        foreach (var some in Portions.Of(byView, readers => rows.GetValueOrDefault(readers.Key) * samples * readers.Key.Width, Held))
        {
            var seen = RowView.Observe(data, model, some.Select(readers => readers.Key), buffers);
            foreach (var readers in some)
            {
                Show([.. readers.Where(layer => layer.Depth == seen[readers.Key].Width)], seen[readers.Key], takesMeans, buffers, look);
                seen[readers.Key].Forget();
            }
        }
    }

    private static void Show(List<RefitLayer> layers, PlacedRows rows, bool takesMeans, FloatBuffers buffers, Action<RefitLayer, float[]> look)
    {
        // Means are taken off the rows themselves: who wants them comes first.
        foreach (var some in layers.GroupBy(layer => takesMeans && layer.Bias is not null).OrderBy(some => some.Key))
        {
            var gram = Gram(rows, some.Key, buffers);
            foreach (var layer in some)
            {
                var own = buffers.Rent(gram.Length);
                gram.CopyTo(own, 0);
                look(layer, own);
                buffers.Return(own);
            }
            buffers.Return(gram);
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
