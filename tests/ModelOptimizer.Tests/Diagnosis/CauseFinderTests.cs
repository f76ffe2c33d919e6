using ModelOptimizer.Diagnosis;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Profiles;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Diagnosis;

public sealed class CauseFinderTests
{
    [Test]
    public void Sums_that_overflow_are_named_on_CPUs_where_they_do()
    {
        var finding = CauseFinder.Find(Evidence() with { Saturating = 0.3 });

        Assert.That((finding.Cause, finding.Mend.Single()), Is.EqualTo((LossCause.SaturatingSum, "- quantize-dynamic: { reduce-range: true }")));
        Assert.That(finding.Why, Does.Contain("30% of the weight's pairs"));
    }

    [TestCase(127, 127, 1)]
    [TestCase(64, 64, 0)]
    [TestCase(127, -127, 0)]
    [TestCase(-127, -2, 1)]
    public void Pairs_clip_when_their_signs_agree(int first, int second, double share) =>
        Assert.That(SaturationBound.Share([(sbyte)first, 0, (sbyte)second, 0], depth: 2, channels: 2), Is.EqualTo(share / 2));

    [Test]
    public void Where_nothing_stands_out_the_node_is_excluded() =>
        Assert.That(CauseFinder.Find(Evidence()), Has.Property("Cause").EqualTo(LossCause.Resolution).And.Property("Mend").EqualTo(new[] { "- quantize-dynamic: { exclude: [\"product\"] }" }));

    [Test]
    public void Every_line_of_advice_is_one_that_a_profile_takes([Values] bool perChannel, [Values(2, 4, 8)] int bits, [Values] bool isStorage)
    {
        var weight = new WeightEvidence("w", 0.5, 100, perChannel ? 1 : 100, 3, 8, perChannel ? 8 : 1, bits);
        var finding = CauseFinder.Find(Evidence() with { Weight = weight, Form = isStorage ? NumberForm.Weights : NumberForm.Dynamic });
        foreach (var line in finding.Mend.Where(line => !(line.Contains("quantize-dynamic", StringComparison.Ordinal) && line.Contains("per-channel", StringComparison.Ordinal))))
        {
            using var folder = new ProfileFolder();
            folder.Write("p.yaml", $"version: 1\npasses:\n  {line}\n");
            var mistakes = new DiagnosticBag();
            ModelOptimizer.Profiles.ProfileReader.Read(folder["p.yaml"], mistakes);
            Assert.That(mistakes.Diagnostics, Is.Empty, line);
        }
    }

    [Test]
    public void Blocks_are_read_back_as_they_were_written([Values(2, 4, 8)] int bits, [Values] bool symmetric)
    {
        var weight = Tensor.Create([72, 20], Weights.Random(72 * 20));
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, 72), g.Weight("w", weight)));
        var model = g.Build();
        PassContexts.Run(model, new QuantizeWeights(new QuantizeWeightsOptions { Bits = bits, BlockSize = 16, Format = WeightFormat.Contrib, Symmetric = symmetric }));

        var read = BlockedWeight.Read(GraphWalker.Nodes(model).Single(node => node.OpType == "MatMulNBits"))!;

        Assert.That(read.ToFloats(), Is.EqualTo(Weights.Rounded(weight, channelAxis: 1, bits, 16, symmetric).ToFloats()));
    }

    private static LossEvidence Evidence()
    {
        var g = new GraphBuilder();
        var node = g.Node("MatMul", [g.Input("x", DataType.Float, 3, 4), g.Initializer("w", [4, 4], new float[16])]);
        node.Name = "product";
        return new LossEvidence { Node = node, Form = NumberForm.Dynamic, IsRounding = false };
    }
}
