using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Mixed;

/// <summary>A chain of products of which some can't be quantized: huge weights, that meet only zeros, make their channels' scales coarse.</summary>
internal static class PlantedModel
{
    public const int Width = 48;

    /// <param name="planted">Which of the products are sensitive; not the first.</param>
    /// <param name="named">Whether nodes and weights have names.</param>
    public static OnnxModel Chain(int layers, IReadOnlyCollection<int> planted, bool named = true)
    {
        var g = new GraphBuilder();
        var value = g.Input("x", DataType.Float, Dimension.Unknown, Width);
        for (var layer = 0; layer < layers; layer++)
            value = g.Op("Tanh", Product(g, value, g.Initializer(named ? $"w{layer}" : "", Weight(layer, planted)), named ? $"product{layer}" : ""));
        g.Output("y", value);
        return g.Build();
    }

    public static Value Product(GraphBuilder g, Value left, Value weight, string name)
    {
        var node = g.Node("MatMul", [left, weight]);
        node.Name = name;
        return node.Output();
    }

    /// <summary>Before a planted layer the first feature is zero, and in it that feature's weights are huge.</summary>
    public static Tensor Weight(int layer, IReadOnlyCollection<int> planted)
    {
        var random = new Random(layer + 1);
        var weights = new float[Width * Width];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (random.NextSingle() - 0.5f) / 2;
        for (var i = 0; i < Width; i++)
        {
            if (planted.Contains(layer + 1))
                weights[i * Width] = 0;
            if (planted.Contains(layer))
                weights[i] = 200;
        }
        return Tensor.Create([Width, Width], weights);
    }

    /// <summary>Random rows for the input.</summary>
    /// <returns>The file.</returns>
    public static string WriteData(DataFolder folder, int rows = 64) => folder.WriteNpz("data.npz", ("x", Rows(rows)));

    public static byte[] Rows(int rows)
    {
        var random = new Random(7);
        return DataFolder.Floats($"({rows}, {Width})", [.. Enumerable.Range(0, rows * Width).Select(_ => random.NextSingle() - 0.5f)]);
    }
}
