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
