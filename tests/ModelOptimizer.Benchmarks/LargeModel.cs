using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Benchmarks;

/// <summary>A stack of MatMuls with the matrices of a Transformer, 0.2 GB of float32 weights a layer: five layers, or as many as a size takes.</summary>
internal static class LargeModel
{
    private const int DefaultLayers = 5;
    private const int Width = 2048;
    private const int Hidden = 8192;
    private static readonly (int Depth, int Channels)[] Matrices =
        [(Width, Width), (Width, Width), (Width, Width), (Width, Width), (Width, Hidden), (Hidden, Width)];

    private static long LayerBytes => Matrices.Sum(matrix => (long)sizeof(float) * matrix.Depth * matrix.Channels);

    public static long Opset(string[] options) => Option(options, "--opset") ?? 21;

    /// <summary>Layers that fill <c>--gib</c>.</summary>
    public static int Layers(string[] options) => Option(options, "--gib") is { } size ? LayersOf(size) : DefaultLayers;

    public static int LayersOf(long gibibytes) => (int)(((gibibytes << 30) + LayerBytes - 1) / LayerBytes);

    public static void Write(string path, bool inline, long opset, int layers, bool isHalf)
    {
        var model = OnnxModel.Create(irVersion: 8, new Dictionary<string, long> { [""] = opset });
        var value = model.Graph.AddInput("x", new TensorType(DataType.Float, Shape.Of(1, Width)));
        for (var layer = 0; layer < layers; layer++)
            foreach (var (depth, channels) in Matrices)
                value = Multiply(model, value, depth, channels, isHalf);
        model.Graph.AddOutput("y", value);
        ModelWriter.Save(model, path, new SaveOptions { ExternalData = inline ? ExternalDataMode.Never : ExternalDataMode.Always });
    }

    private static long? Option(string[] options, string name) => Array.IndexOf(options, name) is >= 0 and var at
        ? long.Parse(options[at + 1], CultureInfo.InvariantCulture)
        : null;

    private static Value Multiply(OnnxModel model, Value value, int depth, int channels, bool isHalf)
    {
        var graph = model.Graph;
        var index = graph.Nodes.Count;
        var random = new Random(index);
        var weights = new float[depth * channels];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (random.NextSingle() + random.NextSingle() - 1) * 0.05f;
        var tensor = Tensor.Create([depth, channels], weights);
        var weight = graph.AddInitializer($"weight_{index}", model.PutAside(isHalf ? HalfPrecision.Convert(tensor, DataType.Float16).Content : tensor));
        if (isHalf)
        {
            var cast = graph.Insert(null, "Cast", [weight], name: $"cast_{index}");
            cast.Attributes.Set("to", (long)DataType.Float);
            weight = cast.Output();
        }
        return graph.Insert(null, "MatMul", [value, weight], name: $"matmul_{index}").Output();
    }
}
