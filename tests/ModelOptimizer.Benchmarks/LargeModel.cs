using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Benchmarks;

/// <summary>A stack of MatMuls with the matrices of a Transformer: five layers, 1.007 GB of float32 weights.</summary>
internal static class LargeModel
{
    private const int Layers = 5;
    private const int Width = 2048;
    private const int Hidden = 8192;
    private static readonly (int Depth, int Channels)[] Matrices =
        [(Width, Width), (Width, Width), (Width, Width), (Width, Width), (Width, Hidden), (Hidden, Width)];

    public static long Opset(string[] options) => Array.IndexOf(options, "--opset") is >= 0 and var at
        ? long.Parse(options[at + 1], CultureInfo.InvariantCulture)
        : 21;

    public static void Write(string path, bool inline, long opset)
    {
        var model = OnnxModel.Create(irVersion: 8, new Dictionary<string, long> { [""] = opset });
        var value = model.Graph.AddInput("x", new TensorType(DataType.Float, Shape.Of(1, Width)));
        for (var layer = 0; layer < Layers; layer++)
            foreach (var (depth, channels) in Matrices)
                value = Multiply(model.Graph, value, depth, channels);
        model.Graph.AddOutput("y", value);
        ModelWriter.Save(model, path, new SaveOptions { ExternalData = inline ? ExternalDataMode.Never : ExternalDataMode.Always });
    }

    private static Value Multiply(Graph graph, Value value, int depth, int channels)
    {
        var index = graph.Nodes.Count;
        var random = new Random(index);
        var weights = new float[depth * channels];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (random.NextSingle() + random.NextSingle() - 1) * 0.05f;
        var weight = graph.AddInitializer($"weight_{index}", Tensor.Create([depth, channels], weights));
        return graph.Insert(null, "MatMul", [value, weight], name: $"matmul_{index}").Output();
    }
}
