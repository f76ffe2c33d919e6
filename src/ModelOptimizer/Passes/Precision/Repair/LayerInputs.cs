using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Rows that weights of the original are multiplied by, on calibration data.</summary>
internal static class LayerInputs
{
    private const int FewestRows = 256;
    private const int MostRows = 4096;
    private const long MostElements = 1L << 22;

    /// <summary>How many elements are held for a product at most.</summary>
    public static long Elements(QuantizedProduct product) => (long)Limit(product) * Depth(product);

    /// <summary>How many weights a channel of the product has.</summary>
    public static int ChannelDepth(QuantizedProduct product) => Depth(product) / product.Original.Layout.Groups;

    public static IReadOnlyDictionary<QuantizedProduct, IReadOnlyList<float[]>> Collect(OnnxModel original, IReadOnlyList<QuantizedProduct> products, CalibrationData data)
    {
        // What reads one value in one way sees the same rows.
        var convolutions = products.Where(product => product.Original.IsConv).ToList();
        var rows = new Dictionary<QuantizedProduct, IReadOnlyList<float[]>>();
        var matrices = products.Except(convolutions).GroupBy(Input).ToDictionary(group => group.Key, group => group.ToList());
        var seen = data.Observe(original, [.. matrices.Keys], value => new RowSample(matrices[value].Max(Limit)));
        foreach (var (value, readers) in matrices)
            readers.ForEach(reader => rows[reader] = seen[value].Rows);
        var windows = convolutions.GroupBy(Input).ToDictionary(group => group.Key, group => group.ToList());
        var patches = data.Observe(original, [.. windows.Keys], value => new PatchSamples([.. windows[value].Select(reader =>
            new PatchSample(ConvolutionWindow.Of(reader.Original.Node, reader.Original.Content), Limit(reader)))]));
        foreach (var (value, readers) in windows)
            for (var i = 0; i < readers.Count; i++)
                rows[readers[i]] = patches[value].Of(i);
        return rows;
    }

    private static Value Input(QuantizedProduct product) => product.Original.Node.Input(0)!;

    private static int Depth(QuantizedProduct product) => product.Original.Layout.Inputs * product.Original.Layout.Kernel;

    private static int Limit(QuantizedProduct product)
    {
        // Twice as many as a channel has weights decide, and as many judge.
        var wanted = Math.Clamp(4 * ChannelDepth(product), FewestRows, MostRows);
        return (int)Math.Clamp(MostElements / Depth(product), FewestRows, wanted);
    }

    /// <summary>Convolutions of one value with different kernels.</summary>
    private sealed class PatchSamples(PatchSample[] samples) : Calibration.IObserver<PatchSamples>
    {
        public bool IsOrderFree => true;

        public IReadOnlyList<float[]> Of(int index) => samples[index].Rows;

        public void Observe(Tensor value)
        {
            foreach (var sample in samples)
                sample.Observe(value);
        }

        public void Merge(PatchSamples later)
        {
            for (var i = 0; i < samples.Length; i++)
                samples[i].Merge(later.Sample(i));
        }

        private PatchSample Sample(int index) => samples[index];
    }
}
