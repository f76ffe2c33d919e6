using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Diagnostics;

public sealed class ModelReviewTests
{
    [Test]
    public void An_ordinary_model_is_not_worth_a_word() => Assert.That(Codes(Model(new GraphBuilder())), Is.Empty);

    [Test]
    public void Operators_of_unknown_domains_are_named()
    {
        var g = new GraphBuilder();
        g.Output("z", g.Node("Fancy", [g.Input("a", DataType.Float, 2)]).Output());
        var model = Model(g);
        var fancy = model.Graph.Nodes.First();
        var foreign = model.Graph.Insert(fancy, "Fancy", [fancy.Input(0)], domain: "my.ops");
        fancy.Output().ReplaceAllUsesWith(foreign.Output());
        fancy.Remove();

        Assert.That(Report(model).Single().Message, Does.StartWith("Nothing is known about my.ops.Fancy:"));
    }

    [Test]
    public void An_opset_of_the_future_is_told() =>
        Assert.That(Codes(Model(new GraphBuilder(opset: OperatorCatalog.LatestOpset + 1))), Is.EqualTo(new[] { "MO2016" }));

    [Test]
    public void Weights_that_callers_may_feed_are_told_unless_a_pass_froze_them()
    {
        var g = new GraphBuilder();
        g.Output("z", g.Op("Neg", g.InputWithDefault("w", Tensor.Create([2], 1f, 2f))));
        var original = Model(g);
        var frozen = original.Clone();
        frozen.Graph.FreezeInput(frozen.Graph.Inputs.Single(input => input.IsOverridable));

        Assert.That(Codes(original), Is.EqualTo(new[] { "MO2017" }));
        Assert.That(Codes(original, frozen), Is.Empty);
    }

    [Test]
    public void Constants_defined_twice_are_told()
    {
        var model = OnnxModel.Load(SharedModels.Require("gpt2-past-toy.onnx"));

        var told = Report(model).Single(diagnostic => diagnostic.Code == "MO2018");

        Assert.That(told.Message, Does.StartWith("48 constants are defined twice under one name, the first is '284'"));
    }

    private static OnnxModel Model(GraphBuilder g)
    {
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, 2)));
        return g.Build();
    }

    private static IEnumerable<string> Codes(OnnxModel original, OnnxModel? candidate = null) =>
        Report(original, candidate).Select(diagnostic => diagnostic.Code);

    private static IReadOnlyList<Diagnostic> Report(OnnxModel original, OnnxModel? candidate = null)
    {
        var diagnostics = new DiagnosticBag();
        ModelReview.Report(original, candidate ?? original, diagnostics);
        return diagnostics.Diagnostics;
    }
}
