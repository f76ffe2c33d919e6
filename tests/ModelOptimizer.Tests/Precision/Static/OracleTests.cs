using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Scales and zero points, bit for bit, against figures recorded from ONNX Runtime's own quantizer.</summary>
public sealed class OracleTests
{
    [TestCase("mnist-pytorch", "u8s8-tensor")]
    [TestCase("mnist-pytorch", "u8s8-channel")]
    [TestCase("mnist-pytorch", "s8s8-channel")]
    [TestCase("langid-bert", "u8s8-tensor")]
    [TestCase("langid-bert", "u8s8-channel")]
    [TestCase("langid-bert", "s8s8-channel")]
    public void Scales_and_zero_points_are_bit_equal(string name, string settings)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var recorded = Recorded.Load(Oracle($"{name}.qdq.{settings}.json"));
        var ranges = Ranges(Oracle($"{name}.ranges.minmax.json"));
        var grid = AffineGrid.ForActivations(settings[0] == 'u' ? DataType.UInt8 : DataType.Int8, symmetric: settings[0] == 's');

        var activations = recorded.Activations.Where(entry => ranges.ContainsKey(entry.Key))
            .Select(entry => (entry.Key, entry.Value, Ours: (AffineScale[])[grid.Fit(ranges[entry.Key])])).ToList();
        var weights = Constants(model).Where(pair => recorded.Weights.ContainsKey(pair.Name))
            .Select(pair => (pair.Name, recorded.Weights[pair.Name], Ours: Fit(pair.Tensor, recorded.Weights[pair.Name]))).ToList();

        Assert.That(activations, Has.Count.GreaterThan(5));
        Assert.That(weights, Has.Count.GreaterThan(2));
        Assert.Multiple(() =>
        {
            foreach (var (value, expected, ours) in activations.Concat(weights))
            {
                Assert.That(ours.Select(scale => scale.Scale), Is.EqualTo(expected.Scales), $"scale of {value}");
                Assert.That(ours.Select(scale => scale.ZeroPoint), Is.EqualTo(expected.ZeroPoints), $"zero point of {value}");
            }
        });
    }

    [TestCase("mnist-pytorch", "u8s8-tensor", 4)]
    [TestCase("mnist-pytorch", "u8s8-channel", 4)]
    [TestCase("mnist-pytorch", "s8s8-channel", 4)]
    [TestCase("langid-bert", "u8s8-channel", 2)]
    public void Scales_of_biases_are_bit_equal(string name, string settings, int count)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var recorded = Recorded.Load(Oracle($"{name}.qdq.{settings}.json"));

        var biased = model.Graph.Nodes.Where(node => node.Is("Conv", "Gemm") && recorded.Weights.ContainsKey(node.Input(2)!.Name)).ToList();

        Assert.That(biased, Has.Count.EqualTo(count));
        foreach (var node in biased)
        {
            var weight = recorded.Weights[node.Input(1)!.Name];
            var ours = QuantizedBias.Scales(recorded.Activations[node.Input(0)!.Name].Scales[0], Array.ConvertAll(weight.Scales, scale => new AffineScale(scale, 0)));
            Assert.That(ours, Is.EqualTo(recorded.Weights[node.Input(2)!.Name].Scales), node.Input(2)!.Name);
        }
    }

    private static AffineScale[] Fit(Tensor weight, Parameters expected) =>
        AffineTensor.Fit(weight, expected.Axis, AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: false));

    private static IEnumerable<(string Name, Tensor Tensor)> Constants(OnnxModel model) => model.Graph.MadeValues
        .Where(value => value.Constant is { ElementType: DataType.Float, Dimensions.Length: > 1 }).Select(value => (value.Name, value.Constant!));

    private static string Oracle(string fileName)
    {
        var path = Path.Combine(SharedModels.Folder!, "..", "oracles", fileName);
        if (!File.Exists(path))
            Assert.Ignore($"{fileName} is not at hand: it belongs beside the folder of models");
        return path;
    }

    private static Dictionary<string, ValueRange> Ranges(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        return document.RootElement.GetProperty("ranges").EnumerateObject()
            .ToDictionary(value => value.Name, value => new ValueRange(value.Value[0].GetSingle(), value.Value[1].GetSingle()));
    }

    private sealed record Parameters(float[] Scales, int[] ZeroPoints, int? Axis);

    /// <param name="Activations">By value.</param>
    /// <param name="Weights">By initializer; biases are among them.</param>
    private sealed record Recorded(Dictionary<string, Parameters> Activations, Dictionary<string, Parameters> Weights)
    {
        private const string Suffix = "_quantized";

        public static Recorded Load(string path)
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var entries = document.RootElement.GetProperty("parameters").EnumerateObject().ToList();
            return new(
                entries.Where(entry => entry.Value.GetProperty("kind").GetString() == "QuantizeLinear").ToDictionary(entry => entry.Name, entry => Read(entry.Value)),
                entries.Where(entry => entry.Name.EndsWith(Suffix, StringComparison.Ordinal)).ToDictionary(entry => entry.Name[..^Suffix.Length], entry => Read(entry.Value)));
        }

        private static Parameters Read(JsonElement entry) => new(
            [.. entry.GetProperty("scale").EnumerateArray().Select(scale => scale.GetSingle())],
            [.. entry.GetProperty("zero_point").EnumerateArray().Select(point => point.GetInt32())],
            entry.TryGetProperty("axis", out var axis) ? axis.GetInt32() : null);
    }
}
