using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes;

public sealed class FuseTests
{
    private static readonly Simplify Simplify = new(new SimplifyOptions());

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_answers_the_same_with_contrib_operators(string path)
    {
        var model = OnnxModel.Load(path);
        Check(path, model, model.Clone(), FusionFormat.Contrib);
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_at_a_new_opset_answers_the_same_with_standard_operators(string path)
    {
        var model = OnnxModel.Load(path);
        var upgraded = model.Clone();
        PassContexts.Run(upgraded, new UpgradeOpset(new UpgradeOpsetOptions { Version = 23 }));

        Check(path, model, upgraded, FusionFormat.Standard);

        Assert.That(DomainsOf(upgraded), Is.SubsetOf(DomainsOf(model)));
    }

    [TestCase(20, "Gelu", 20)]
    [TestCase(13, "Erf", 17)]
    [TestCase(null, "Erf", 17)]
    public void A_target_opset_decides_which_operators_there_are(int? target, string expected, int opset)
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", DataType.Float, 4);
        var erf = g.Op("Erf", g.Op("Div", x, g.Initializer("root", [], MathF.Sqrt(2))));
        g.Output("y", g.Op("Mul", g.Op("Mul", x, g.Op("Add", erf, g.Initializer("one", [], 1))), g.Initializer("half", [], 0.5f)));

        var test = PassTester.Run(new Fuse(new FuseOptions { TargetOpset = target }), g.Build());

        Assert.That(test.Operators, Has.Member(expected));
        Assert.That(test.Model.Opset, Is.EqualTo(opset));
    }

    /// <summary>A function whose Clip can't be converted stands in the way of an upgrade only.</summary>
    [TestCase(17)]
    [TestCase(21)]
    public void Functions_of_older_opsets_are_let_be_where_the_model_is_as_new(int opset)
    {
        var g = new GraphBuilder(opset, irVersion: 10);
        g.Function("local", "Bounded", 1, (f, inputs) => [f.FromCaller<float>(f.Node("Clip", [inputs[0]]), "max").Output()], opset: 10);
        g.Output("y", g.Op("local.Bounded", [g.Input("x", DataType.Float, 4)], ("max", 1f)));
        var model = g.Build();

        PassContexts.Run(model, new Fuse(new FuseOptions { TargetOpset = 17 }));

        Assert.That((model.Opset, model.OldestOpset), Is.EqualTo((opset, 10)));
    }

    private static IEnumerable<string> DomainsOf(OnnxModel model) => GraphWalker.Nodes(model).Select(node => node.Domain).Distinct();

    private static void Check(string path, OnnxModel model, OnnxModel candidate, FusionFormat format)
    {
        var fuse = new Fuse(new FuseOptions { Format = format });

        PassContexts.Run(candidate, Simplify, fuse);

        Assert.That(GraphWalker.Nodes(candidate).Count(), Is.LessThanOrEqualTo(GraphWalker.Nodes(model).Count()));
        var again = PassContexts.Run(candidate.Clone(), Simplify, fuse).Rewrites;
        Assert.That(again.Select(rewrite => rewrite.ToString()), Is.Empty, "nothing is left to do the second time, for simplify neither");
        PassTester.SameOutputs(model, candidate, Tolerance.Of(fuse.Effect), InputsOf(path, model));
    }

    private static Dictionary<string, Tensor>? InputsOf(string path, OnnxModel model)
    {
        var data = Path.ChangeExtension(path, ".eval.npz");
        return File.Exists(data) ? new(new DataSet([data], DataRequest.For(model) with { Limit = 1 }).Read().First().Inputs) : null;
    }
}
