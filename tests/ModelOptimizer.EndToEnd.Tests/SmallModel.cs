using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A model whose optimization takes no time to speak of: two products with weights.</summary>
internal static class SmallModel
{
    private const int Width = 64;

    /// <param name="seed">Another seed makes other weights.</param>
    public static void Write(string path, int seed = 1)
    {
        var random = new Random(seed);
        var graph = new GraphBuilder();
        var hidden = graph.Op("Relu", graph.Op("MatMul", graph.Input("x", DataType.Float, new(null, "batch"), Width), Weight("first")));
        graph.Output("y", graph.Op("MatMul", hidden, Weight("second")), new TensorType(DataType.Float, new Shape([new(null, "batch"), Width])));
        ModelWriter.Save(graph.Build(), path);

        Value Weight(string name) => graph.Initializer(name, [Width, Width], [.. Enumerable.Range(0, Width * Width).Select(_ => random.NextSingle() - 0.5f)]);
    }
}
