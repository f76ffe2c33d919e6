using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>Weights that are read from mapped files and put aside in scratch files become the bytes that they become in memory.</summary>
public sealed class StreamedWeightsTests
{
    private const int Size = 520;

    [TestCase("round-to-nearest", 4, WeightFormat.Auto)]
    [TestCase("round-to-nearest", 8, WeightFormat.Auto)]
    [TestCase("round-to-nearest", 4, WeightFormat.Contrib)]
    [TestCase("mse", 4, WeightFormat.Auto)]
    public void Nothing_depends_on_where_bytes_lie_nor_on_the_number_of_threads(string algorithm, int bits, WeightFormat format)
    {
        var options = new QuantizeWeightsOptions { Algorithm = WeightAlgorithm.Find(algorithm)!, Bits = bits, Format = format };
        var folder = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            var (inline, external) = (Path.Combine(folder.FullName, "inline.onnx"), Path.Combine(folder.FullName, "external.onnx"));
            ModelWriter.Save(Model(), inline, new SaveOptions { ExternalData = ExternalDataMode.Never });
            ModelWriter.Save(Model(), external, new SaveOptions { ExternalData = ExternalDataMode.Always });

            var inMemory = Quantized(OnnxModel.Load(inline), "memory", threads: null);
            var streamed = Quantized(OnnxModel.Load(external).PuttingAllAside(), "streamed", threads: 1);

            Assert.That(streamed, Is.EqualTo(inMemory).AsCollection);
            Assert.That(inMemory[1], Has.Length.GreaterThan(3 * Size * Size * bits / 8));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        List<byte[]> Quantized(OnnxModel model, string name, int? threads)
        {
            using var limit = Cores.Limit(threads);
            PassContexts.Run(model, new QuantizeWeights(options));
            var path = Path.Combine(folder.FullName, name, "model.onnx");
            return [.. ModelWriter.Save(model, path, new SaveOptions { ExternalData = ExternalDataMode.Always }).Select(File.ReadAllBytes)];
        }
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, 3, Size);
        for (var i = 0; i < 3; i++)
            x = g.Op("MatMul", x, g.Initializer($"w{i}", Tensor.Create([Size, Size], Weights.Random(Size * Size, seed: i))));
        g.Output("y", x);
        return g.Build();
    }
}
