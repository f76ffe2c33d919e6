using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision;

/// <summary>
/// Algorithms that learn from inputs, on every layer of real models: never worse than the nearest codes where they are judged, better where nobody
/// looked.
/// </summary>
[Category("Slow")]
public sealed class HeldOutLayersTests
{
    private const int BlockSize = 32;

    [Test]
    public void Codes_lose_on_no_layer_and_gain_in_sum(
        [Values("manllama", "langid-bert")] string model, [Values("gptq", "awq")] string name, [Values(2, 4)] int bits)
    {
        var algorithm = WeightAlgorithm.Find(name)!;
        var sum = (Chosen: 0.0, Nearest: 0.0);
        foreach (var (weight, seen, unseen) in Layers(model).Where(layer => layer.Seen.DecidingRows >= layer.Seen.Depth))
        {
            var grid = new WeightGrid(bits, IsSymmetric: true);
            using var nearest = RoundToNearest.Quantize(weight, grid, BlockSize)!;
            using var chosen = algorithm.Quantize(weight, grid, BlockSize, seen, algorithm.Learn(seen))!;

            var judge = new CodeJudge(weight, seen.Judge);
            Assert.That(judge.Errors(chosen).Sum(), Is.LessThanOrEqualTo(judge.Errors(nearest).Sum()));
            var stranger = new CodeJudge(weight, unseen.Judge);
            sum = (sum.Chosen + stranger.Errors(chosen).Sum(), sum.Nearest + stranger.Errors(nearest).Sum());
        }

        TestContext.Out.WriteLine($"{100 * sum.Chosen / sum.Nearest:0.0}% of the error on unseen samples");
        Assert.That(sum.Chosen, Is.LessThan(sum.Nearest));
    }

    [Test]
    public void Scales_lose_on_no_layer_and_gain_in_sum([Values("manllama", "langid-bert")] string model, [Values(2, 4)] int bits)
    {
        var sum = (Scaled: 0.0, Plain: 0.0);
        foreach (var (weight, seen, unseen) in Layers(model))
        {
            var layer = new ScaledLayer(weight, new WeightGrid(bits, IsSymmetric: true), BlockSize);
            var factors = new InputScales([layer], seen).Search().Factors;

            Assert.That(Error(layer, seen, factors), Is.LessThanOrEqualTo(Error(layer, seen) * 1.0001));
            sum = (sum.Scaled + Error(layer, unseen, factors), sum.Plain + Error(layer, unseen));
        }

        TestContext.Out.WriteLine($"{100 * sum.Scaled / sum.Plain:0.0}% of the error on unseen samples");
        Assert.That(sum.Scaled, Is.LessThan(sum.Plain));
    }

    /// <summary>The matrix products of a model, with their inputs on calibration and on evaluation data.</summary>
    private static List<(WeightMatrix Weight, InputGram Seen, InputGram Unseen)> Layers(string name)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        var products = GraphWalker.Nodes(model)
            .Where(node => node.Is("MatMul") && node.Input(1)!.Constant is { ElementType: DataType.Float } weight && weight.Dimensions.Length == 2).ToList();
        var (seen, unseen) = (Inputs("calib"), Inputs("eval"));
        return products.ConvertAll(node =>
            (new WeightMatrix(node.Input(1)!.Constant!, channelAxis: 1), seen[node.Input(0)!], unseen[node.Input(0)!]));

        IReadOnlyDictionary<Value, InputGram> Inputs(string data) =>
            new CalibrationData(PassContexts.Engine, new() { Data = [SharedModels.Require($"{name}.{data}.npz")], Samples = 64 })
                .Observe(model, [.. products.Select(node => node.Input(0)!).Distinct()], _ => new InputGram(ofFewRows: true));
    }

    private static double Error(ScaledLayer layer, InputGram inputs, double[]? factors = null)
    {
        factors ??= [.. Enumerable.Repeat(1.0, inputs.Depth)];
        return layer.Error([.. factors.Select(factor => (float)factor)],
            [.. inputs.Judge.Select((sum, i) => (float)(sum / factors[i / inputs.Depth] / factors[i % inputs.Depth]))]);
    }
}
