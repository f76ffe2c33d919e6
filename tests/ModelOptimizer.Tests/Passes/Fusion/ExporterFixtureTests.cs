using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes.Fusion;

/// <summary>What simplify and fuse make of operators as exporters spell them.</summary>
public sealed class ExporterFixtureTests
{
    private static readonly Tolerance Reassociation = Tolerance.Of(NumericEffect.Reassociates);

    private static IEnumerable<TestCaseData> Fixtures =>
        ExporterFixtures.All.Select(fixture => new TestCaseData(fixture).SetArgDisplayNames(fixture.ToString()));

    [TestCaseSource(nameof(Fixtures))]
    public void Simplify_keeps_what_it_computes(ExporterFixture fixture)
    {
        var result = fixture.Model.Clone();
        PassContexts.Run(result, new Simplify(new SimplifyOptions()));

        PassTester.SameOutputs(fixture.Model, result, Reassociation);
    }

    [TestCaseSource(nameof(Fixtures))]
    public void Fuse_writes_standard_operators(ExporterFixture fixture)
    {
        var result = Optimize(fixture, FusionFormat.Standard);

        Assert.That(OperatorsOf(result), Is.EqualTo(fixture.Standard));
        Assert.That(GraphWalker.Nodes(result).Select(node => node.Domain), Is.All.Empty);
        Assert.That(result.Opset, Is.EqualTo(fixture.Model.Opset));
    }

    [TestCaseSource(nameof(Fixtures))]
    public void Fuse_writes_contrib_operators(ExporterFixture fixture) =>
        Assert.That(OperatorsOf(Optimize(fixture, FusionFormat.Contrib)), Is.EqualTo(fixture.Contrib));

    private static OnnxModel Optimize(ExporterFixture fixture, FusionFormat format)
    {
        var result = fixture.Model.Clone();
        PassContexts.Run(result, new Simplify(new SimplifyOptions()), new Fuse(new FuseOptions { Format = format }));
        PassTester.SameOutputs(fixture.Model, result, Reassociation);
        return result;
    }

    private static IEnumerable<string> OperatorsOf(OnnxModel model) =>
        GraphWalker.Nodes(model).Where(node => !node.Is("Constant")).Select(node => node.OpType);
}
