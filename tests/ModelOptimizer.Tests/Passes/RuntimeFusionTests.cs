using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Tests.Passes;

/// <summary>What the runtime makes one operator of when it loads a model, it must still find after <c>simplify</c>.</summary>
public sealed class RuntimeFusionTests
{
    private static readonly BertSize Small = new(Layers: 2, Heads: 4, Size: 8);

    private static IEnumerable<OnnxModel> Fixtures =>
        [.. AttentionFixture.All.Select(fixture => fixture.Model), .. ExporterFixtures.All.Select(fixture => fixture.Model)];

    [TestCaseSource(nameof(Fixtures))]
    public void The_runtime_leaves_no_more_nodes_of_a_fixture_than_before(OnnxModel model) => LeavesNoMore(model);

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void The_runtime_leaves_no_more_nodes_of_a_real_model_than_before(string path)
    {
        if (Path.GetFileNameWithoutExtension(path) == "bert-toy")
            Assert.Ignore("Its untrained normalizations have gains of one and biases of zero: without these Mul and Add nodes the runtime does not know them");
        LeavesNoMore(OnnxModel.Load(path));
    }

    [TestCase(11)]
    [TestCase(12)]
    public void The_runtime_makes_Attention_of_a_simplified_BERT_as_of_the_original(int opset)
    {
        var model = BertFixture.Build(opset, Small);

        Assert.That(OperatorsAtRun(model).GetValueOrDefault("com.microsoft.Attention"), Is.EqualTo(Small.Layers), "it does of the original");
        Assert.That(OperatorsAtRun(Simplified(model)), Is.EquivalentTo(OperatorsAtRun(model)));
    }

    [TestCase(11, FusionFormat.Standard)]
    [TestCase(12, FusionFormat.Standard)]
    [TestCase(12, FusionFormat.Contrib)]
    public void Fusing_completes_what_simplifying_takes_from_an_untrained_BERT(int opset, FusionFormat format)
    {
        var model = BertFixture.Build(opset, Small, isTrained: false);
        var fused = Simplified(model);

        PassContexts.Run(fused, new Fuse(new FuseOptions { Format = format }));

        Assert.That(OperatorsAtRun(fused).GetValueOrDefault("com.microsoft.Attention"), Is.EqualTo(Small.Layers));
        Assert.That(AtRun(fused).Nodes, Is.AtMost(AtRun(model).Nodes));
    }

    [TestCase(11)]
    [TestCase(12)]
    public void Simplifying_keeps_the_biases_that_fusing_completed_behind_operators(int opset)
    {
        var model = Simplified(BertFixture.Build(opset, Small, isTrained: false));
        PassContexts.Run(model, new Fuse(new FuseOptions { Format = FusionFormat.Contrib }));

        var again = Simplified(model);

        Assert.That(OperatorsAtRun(again).GetValueOrDefault("com.microsoft.Attention"), Is.EqualTo(Small.Layers));
    }

    private static void LeavesNoMore(OnnxModel model) =>
        Assert.That(AtRun(Simplified(model)).Nodes, Is.AtMost(AtRun(model).Nodes));

    private static OnnxModel Simplified(OnnxModel model)
    {
        var simple = model.Clone();
        PassContexts.Run(simple, new Simplify(new SimplifyOptions()));
        return simple;
    }

    private static Dictionary<string, int> OperatorsAtRun(OnnxModel model) => AtRun(model).Operators.ToDictionary();

    private static ModelSummary AtRun(OnnxModel model) =>
        ModelSummary.Of(PassContexts.Engine.Optimize(model, RuntimeOptimization.Extended));
}
