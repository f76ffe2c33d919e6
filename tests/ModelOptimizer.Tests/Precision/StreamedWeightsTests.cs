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
        var bytes = Check(Model(), new QuantizeWeights(options));
        Assert.That(bytes, Is.GreaterThan(3 * Size * Size * bits / 8));
    }

    public static IEnumerable<TestCaseData> Passes()
    {
        yield return new TestCaseData(Model(), new ConvertFloat16(new())) { TestName = "convert-float16 to store" };
        yield return new TestCaseData(Model(), new ConvertFloat16(new() { Form = HalfForm.Compute })) { TestName = "convert-float16 to compute" };
        yield return new TestCaseData(Convolutions(), new EqualizeWeights(new())) { TestName = "equalize-weights" };
        yield return new TestCaseData(Convolutions(), new QuantizeStatic(new() { Prefer = Preference.Size })) { TestName = "quantize-static" };
    }

    [TestCaseSource(nameof(Passes))]
    public void Every_kind_of_pass_that_puts_tensors_aside_makes_the_same_bytes(OnnxModel model, IGraphPass pass) =>
        Assert.That(Check(model, pass), Is.GreaterThan(1 << 16));

    /// <returns>Bytes of the data file.</returns>
    private static int Check(OnnxModel model, IGraphPass pass)
    {
        var folder = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            var (inline, external) = (Path.Combine(folder.FullName, "inline.onnx"), Path.Combine(folder.FullName, "external.onnx"));
            ModelWriter.Save(model, inline, new SaveOptions { ExternalData = ExternalDataMode.Never });
            ModelWriter.Save(model, external, new SaveOptions { ExternalData = ExternalDataMode.Always });

            var inMemory = Quantized(OnnxModel.Load(inline), "memory", threads: null);
            var streamed = Quantized(OnnxModel.Load(external).PuttingAllAside(), "streamed", threads: 1);

            Assert.That(streamed, Is.EqualTo(inMemory).AsCollection);
            return inMemory[1].Length;
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        List<byte[]> Quantized(OnnxModel model, string name, int? threads)
        {
            using var limit = Cores.Limit(threads);
            Assert.That(PassContexts.Run(model, pass).Rewrites, Is.Not.Empty);
            var path = Path.Combine(folder.FullName, name, "model.onnx");
            return [.. ModelWriter.Save(model, path, new SaveOptions { ExternalData = ExternalDataMode.Always }).Select(File.ReadAllBytes)];
        }
    }

    /// <summary>With channels that differ by a factor of 1000.</summary>
    private static OnnxModel Convolutions()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, 1, 128, 6, 6);
        for (var i = 0; i < 2; i++)
        {
            // Large in the first are the rows of channels that are small as columns of the second.
            var weights = Weights.Random(128 * 128 * 9, seed: i)
                .Select((weight, at) => weight / 300 * MathF.Pow(10, i == 0 ? at / (128 * 9) % 4 - 2 : 2 - at / 9 % 4)).ToArray();
            x = g.Op("Conv", [x, g.Initializer($"w{i}", Tensor.Create([128, 128, 3, 3], weights))], ("pads", new long[] { 1, 1, 1, 1 }));
            x = g.Op("Relu", x);
        }
        g.Output("y", x);
        return g.Build();
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
