using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes;

public sealed class SimplifyTests
{
    private const int Samples = 3;

    private static readonly Simplify Pass = new(new SimplifyOptions());

    private static readonly Simplify ExactPass = new(new SimplifyOptions { Exact = true });

    /// <summary>The runtime packs weights that are constants for another kernel: what was computed at run time before may round differently.</summary>
    private static readonly Tolerance Rounding = new(1e-5);

    /// <summary>The golden file tells how many nodes of each operator are left: fewer is welcome, more is a regression.</summary>
    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_answers_the_same_with_fewer_nodes(string path)
    {
        var (model, result) = (OnnxModel.Load(path), OnnxModel.Load(path));

        PassContexts.Run(result, Pass);

        foreach (var inputs in InputsOf(path, model))
            PassTester.SameOutputs(model, result, Tolerance.Of(Pass.Effect), inputs);
        Golden.Verify(Summary(model, result), $"SimplifyTests.{Path.GetFileNameWithoutExtension(path)}");
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_has_no_more_nodes_than_other_simplifiers_leave(string path)
    {
        var (model, name) = (OnnxModel.Load(path), Path.GetFileNameWithoutExtension(path));
        if (!PeerNodeCounts.Best.TryGetValue(name, out var best))
            Assert.Ignore($"No other simplifier was tried on {name}");

        PassContexts.Run(model, Pass);

        Assert.That(ModelSummary.Of(model).Nodes, Is.AtMost(best));
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_answers_as_before_where_only_exact_passes_run(string path)
    {
        var (model, result) = (OnnxModel.Load(path), OnnxModel.Load(path));

        PassContexts.Run(result, ExactPass);

        foreach (var inputs in InputsOf(path, model))
            PassTester.SameOutputs(model, result, Rounding, inputs);
    }

    [Test]
    public void Exact_leaves_out_what_reassociates()
    {
        Assert.That(ExactPass.Effect, Is.EqualTo(NumericEffect.Exact));
        Assert.That(Pass.Effect, Is.EqualTo(NumericEffect.Reassociates));
    }

    [Test]
    public void Runs_settle_and_leave_nothing_for_a_second_time()
    {
        var model = OnnxModel.Load(SharedModels.Require("silero-v5.onnx"));
        PassContexts.Run(model, Pass);

        Assert.That(PassContexts.Run(model, Pass).Rewrites, Is.Empty);
    }

    /// <summary>A merged factor would be rounded before any weight, and that error would reach all of them alike.</summary>
    [Test]
    public void Factors_that_weights_take_are_not_merged_before()
    {
        var g = new GraphBuilder();
        var divided = g.Op("Div", g.Input("x", DataType.Float, 2, 4, 5, 5), g.Initializer("six", [], 6));
        var moved = g.Op("Add", g.Op("Mul", divided, g.Initializer("s", [], 0.7f)), g.Initializer("t", [], 0.3f));
        g.Output("y", g.Op("Conv", moved, g.Weight("w", Fusion.Numbers.Signed(1, 8, 4, 1, 1))));
        var model = g.Build();

        var rewrites = PassContexts.Run(model, Pass).Rewrites;

        Assert.That(ModelSummary.Of(model).Operators.Select(pair => pair.Key), Is.EqualTo(["Conv"]));
        Assert.That(rewrites.Select(rewrite => rewrite.Pass), Has.None.EqualTo("merge-constant-operands"));
    }

    private static IEnumerable<Dictionary<string, Tensor>?> InputsOf(string path, OnnxModel model)
    {
        var data = Path.ChangeExtension(path, ".eval.npz");
        if (!File.Exists(data))
            return [null];
        return new DataSet([data], DataRequest.For(model) with { Limit = Samples }).Read().Select(sample => new Dictionary<string, Tensor>(sample.Inputs));
    }

    private static string Summary(OnnxModel before, OnnxModel after)
    {
        var (old, now) = (ModelSummary.Of(before), ModelSummary.Of(after));
        var left = now.Operators.ToDictionary();
        var lines = old.Operators.Select(pair => $"{pair.Key}: {pair.Value} -> {left.GetValueOrDefault(pair.Key)}").Order(StringComparer.Ordinal);
        return string.Join('\n', lines.Prepend($"nodes: {old.Nodes} -> {now.Nodes}"));
    }
}
