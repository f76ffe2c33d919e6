using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Repair;

public sealed class AdaptiveRoundingTests
{
    [Test]
    public void The_error_of_a_layer_never_exceeds_that_of_the_nearest_codes([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var (depth, count) = (random.Next(1, 40), random.Next(2, 120));
        var rows = Rows(random, count, depth, shared: random.NextSingle());
        var targets = Enumerable.Range(0, depth).Select(_ => random.NextSingle() * 200 - 100).ToArray();
        var nearest = Array.ConvertAll(targets, target => (int)MathF.Round(target));
        var codes = (int[])nearest.Clone();
        var rounding = new AdaptiveRounding(rows);

        var changed = rounding.Improve(targets, codes, (_, code) => code is >= -127 and <= 127);

        Assert.That(rounding.Error(Errors(codes, targets)), changed ? Is.LessThan(rounding.Error(Errors(nearest, targets))) : Is.EqualTo(rounding.Error(Errors(nearest, targets))));
        Assert.That(codes.Zip(targets), Has.All.Matches<(int Code, float Target)>(pair => Math.Abs(pair.Code - pair.Target) <= 1), "down or up, no further");
        Assert.That(rounding.IsDamped, Is.EqualTo((count + 1) / 2 < depth));
    }

    [Test]
    public void Inputs_that_go_together_lose_most_of_their_error()
    {
        var random = new Random(1);
        var rows = Rows(random, 400, 64, shared: 0.95f);
        var (before, after) = (0.0, 0.0);
        var rounding = new AdaptiveRounding(rows);
        for (var channel = 0; channel < 20; channel++)
        {
            var targets = Enumerable.Range(0, 64).Select(_ => random.NextSingle() * 200 - 100).ToArray();
            var codes = Array.ConvertAll(targets, target => (int)MathF.Round(target));
            before += rounding.Error(Errors(codes, targets));
            rounding.Improve(targets, codes, (_, _) => true);
            after += rounding.Error(Errors(codes, targets));
        }

        Assert.That(after, Is.LessThan(before / 4));
    }

    [Test]
    public void Codes_that_are_not_allowed_are_not_taken()
    {
        var rows = Rows(new Random(3), 100, 16, shared: 0.9f);
        var targets = Enumerable.Range(0, 16).Select(k => k + 0.4f).ToArray();
        var codes = Array.ConvertAll(targets, target => (int)MathF.Round(target));

        Assert.That(new AdaptiveRounding(rows).Improve(targets, codes, (_, _) => false), Is.False);
        Assert.That(codes, Is.EqualTo(Enumerable.Range(0, 16)));
    }

    /// <summary>Kernels, strides, dilations and paddings, against the runtime's own convolution.</summary>
    [TestCase(1, 1, "NOTSET", 0, 0, 2, 1)]
    [TestCase(2, 1, "NOTSET", 1, 1, 1, 2)]
    [TestCase(1, 2, "NOTSET", 2, 0, 1, 1)]
    [TestCase(2, 1, "SAME_UPPER", 0, 0, 1, 1)]
    [TestCase(2, 1, "SAME_LOWER", 0, 0, 1, 1)]
    [TestCase(1, 1, "VALID", 0, 0, 1, 1)]
    public void Patches_times_weights_are_what_a_convolution_gives(int stride, int dilation, string autoPad, int begin, int end, int batch, int outputs)
    {
        var random = new Random(5);
        var x = Random(random, batch, 3, 6, 7);
        var weight = Random(random, outputs, 3, 3, 2);
        var g = new GraphBuilder();
        var attributes = new List<(string, object)> { ("strides", new long[] { stride, stride }), ("dilations", new long[] { dilation, dilation }) };
        attributes.Add(autoPad == "NOTSET" ? ("pads", new long[] { begin, begin, end, end }) : ("auto_pad", autoPad));
        g.Output("y", g.Op("Conv", [g.Input("x", x.Type), g.Weight("w", weight)], [.. attributes]));
        var model = g.Build();
        var conv = model.Graph.Nodes.Single(node => node.Is("Conv"));
        using var session = PassContexts.Engine.Open(model, new(Optimize: false));
        var expected = session.Run(new Dictionary<string, Tensor> { ["x"] = x })[0]!;

        var sample = new PatchSample(ConvolutionWindow.Of(conv, weight), 1000);
        sample.Observe(x);

        var found = sample.Rows.Select(row => Dot(row, weight.AsSpan<float>()[..row.Length])).Order().ToList();
        var places = (int)(expected.ElementCount / outputs / batch);
        var first = Enumerable.Range(0, batch).SelectMany(b => expected.AsSpan<float>().Slice(b * outputs * places, places).ToArray()).Order().ToList();
        Assert.That(found, Has.Count.EqualTo(first.Count));
        for (var i = 0; i < found.Count; i++)
            Assert.That(found[i], Is.EqualTo(first[i]).Within(1e-4));
    }

    private static float Dot(float[] row, ReadOnlySpan<float> weights) => System.Numerics.Tensors.TensorPrimitives.Dot(row, weights);

    private static Tensor Random(Random random, params long[] dimensions) =>
        Tensor.Create(dimensions, [.. Enumerable.Range(0, (int)dimensions.Aggregate(1L, (product, length) => product * length)).Select(_ => random.NextSingle() - 0.5f)]);

    /// <param name="shared">How much of each element is the same all over its row.</param>
    private static List<float[]> Rows(Random random, int count, int depth, float shared) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var common = random.NextSingle() * 4 - 1;
        return Enumerable.Range(0, depth).Select(_ => shared * common + (1 - shared) * (random.NextSingle() * 2 - 1)).ToArray();
    })];

    private static float[] Errors(int[] codes, float[] targets) => [.. codes.Zip(targets, (code, target) => code - target)];
}
