using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class AttentionFixtureTests
{
    private static readonly Tolerance Reassociated = Tolerance.Of(NumericEffect.Reassociates);

    private static IEnumerable<AttentionFixture> Fixtures => AttentionFixture.All;

    [TestCaseSource(nameof(Fixtures))]
    public void Is_fused_to_standard_operators_once_the_opset_has_them(AttentionFixture fixture)
    {
        var result = Optimized(fixture, FusionFormat.Standard, new UpgradeOpset(new UpgradeOpsetOptions { Version = 23 }));

        Assert.That(Count(result, "Attention"), Is.EqualTo(fixture.Attentions));
        Assert.That(Count(result, "RotaryEmbedding"), Is.EqualTo(fixture.Rotations));
        Assert.That(Count(result, "Softmax") + Count(result, "Transpose") + Count(result, "Neg"), Is.Zero, "nothing of the formulas is left");
    }

    [TestCaseSource(nameof(Fixtures))]
    public void Is_left_as_it_was_in_standard_operators_of_its_own_opset(AttentionFixture fixture)
    {
        var result = Optimized(fixture, FusionFormat.Standard);

        Assert.That(Count(result, "Attention") + Count(result, "RotaryEmbedding"), Is.Zero);
        Assert.That(Count(result, "Softmax"), Is.EqualTo(fixture.Attentions));
    }

    [TestCaseSource(nameof(Fixtures))]
    public void Is_turned_by_the_contrib_operator_and_otherwise_left_where_that_is_asked_for(AttentionFixture fixture)
    {
        var result = Optimized(fixture, FusionFormat.Contrib);

        Assert.That(GraphWalker.Nodes(result).Count(node => node.OpType == "RotaryEmbedding" && node.Domain == "com.microsoft"), Is.EqualTo(fixture.Rotations));
        Assert.That(Count(result, "Softmax"), Is.EqualTo(fixture.Attentions));
    }

    private static OnnxModel Optimized(AttentionFixture fixture, FusionFormat format, params IGraphPass[] before)
    {
        var result = fixture.Model.Clone();
        PassContexts.Run(result, [.. before, new Simplify(new SimplifyOptions()), new Fuse(new FuseOptions { Format = format }), new Simplify(new SimplifyOptions())]);
        Assert.That(GraphVerifier.Verify(result), Is.Empty);
        PassTester.SameOutputs(fixture.Model, result, Reassociated);
        return result;
    }

    private static int Count(OnnxModel model, string opType) => GraphWalker.Nodes(model).Count(node => node.Is(opType));
}
