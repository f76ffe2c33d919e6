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

    [TestCase("a\"b")]
    [TestCase("scope\\op")]
    [TestCase("two\nlines")]
    public void A_name_of_any_characters_is_excluded_by_a_line_that_a_profile_takes(string name)
    {
        var loss = Evidence();
        loss.Node.Name = name;
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", $"version: 1\npasses:\n  {CauseFinder.Find(loss).Mend.Single()}\n");
        var mistakes = new DiagnosticBag();

        var profile = ModelOptimizer.Profiles.ProfileReader.Read(folder["p.yaml"], mistakes);

        Assert.That(mistakes.Diagnostics, Is.Empty);
        Assert.That(((QuantizeDynamicOptions)profile!.Passes.Single().Options!).Exclude, Is.EqualTo(new[] { name }));
    }

    [Test]
    public void What_is_infinite_with_the_other_sign_is_no_overflow_of_a_type() =>
        Assert.That(CauseFinder.Find(Evidence() with { IsOtherInfinity = true }).Why, Does.StartWith("where the original is infinite"));

    /// <summary>Filters come first: their zero points are not those of columns.</summary>
    [TestCase("ConvInteger", 2, 1, 1)]
    [TestCase("QLinearConv", 2, 1, 1)]
    [TestCase("MatMulInteger", 3, 2)]
    public void Zero_points_belong_to_channels(string operatorType, params long[] dimensions)
    {
        var isConv = dimensions.Length > 2;
        dimensions = isConv ? [2, 3, 1, 1] : [3, 2];
        var (zeros, floats) = (new byte[] { 100, 200 }, new float[] { 1, -2, 3, -4, 5, -6 });
        var codes = floats.Select((w, i) => (byte)(w + zeros[isConv ? i / 3 : i % 2])).ToArray();
        var g = new GraphBuilder();
        var node = isConv ? g.Node("Conv", [g.Input("x", DataType.Float, 1, 3, 4, 4), g.Initializer("w", dimensions, floats)])
            : g.Node("MatMul", [g.Input("x", DataType.Float, 4, 3), g.Initializer("w", dimensions, floats)]);
        Value input = g.Input("x_codes", DataType.UInt8, 1, 3, 4, 4), weight = g.Initializer("w_codes", Tensor.Create(DataType.UInt8, dimensions, codes));
        Value zero = g.Initializer("w_zeros", Tensor.Create(DataType.UInt8, [2], zeros)), one = g.Initializer("one", [], 1);
        var none = g.Initializer("none", Tensor.Create(DataType.UInt8, [], new byte[1]));
        var made = operatorType == "QLinearConv" ? g.Op(operatorType, input, one, none, weight, one, zero, one, none) : g.Op(operatorType, input, weight, none, zero);
        var region = Region.Behind(made, new HashSet<Value>(), new HashSet<Value>());

        Assert.That(new WeightFinder(null!).Find(node, region)!.TypicalError, Is.LessThan(1e-6));
    }

    private static LossEvidence Evidence()
    {
        var g = new GraphBuilder();
        var node = g.Node("MatMul", [g.Input("x", DataType.Float, 3, 4), g.Initializer("w", [4, 4], new float[16])]);
        node.Name = "product";
        return new LossEvidence { Node = node, Form = NumberForm.Dynamic, IsRounding = false };
    }
}
