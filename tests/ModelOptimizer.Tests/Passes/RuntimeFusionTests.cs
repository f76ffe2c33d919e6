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

    private static void LeavesNoMore(OnnxModel model)
    {
        var simple = model.Clone();
        PassContexts.Run(simple, new Simplify(new SimplifyOptions()));

        Assert.That(NodesAtRun(simple), Is.AtMost(NodesAtRun(model)));
    }

    private static int NodesAtRun(OnnxModel model) =>
        ModelSummary.Of(PassContexts.Engine.Optimize(model, RuntimeOptimization.Extended)).Nodes;
}
