using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Mixed;

namespace ModelOptimizer.Tests.Diagnosis;

/// <summary>What bodies of If, Loop and Scan compute is compared like the rest, and what can't be is told with the reason.</summary>
public sealed class BodyTests
{
    private const int Width = PlantedModel.Width;
    private static readonly Tensor s_three = Tensor.Create([], 3L);

    [Test]
    public void A_loss_in_a_branch_is_found_where_it_arises()
    {
        var original = Branches((g, x) => g.Op("Greater", g.Op("ReduceMax", [x], ("keepdims", 0)), g.Constant(Tensor.Create([], -100f))));

        var diagnosis = Diagnose(original, Quantized(original));

        Assert.That(diagnosis.Losses.Select(loss => (loss.Node, loss.Value)), Is.EqualTo(new[] { ("MatMul 'inside'", "h") }));
        Assert.That(diagnosis.Losses[0].Mend, Is.EqualTo(new[] { "- quantize-dynamic: { exclude: [\"inside\"] }" }));
        Assert.That(diagnosis.Losses[0].SqnrBefore, Is.GreaterThan(30), "what happens before the branch is not blamed on it");
        Assert.That(diagnosis.Compared.Single(value => value.Value == "y").Sqnr, Is.LessThan(15));
        Assert.That(diagnosis.Uncompared, Does.Contain(new UncomparedValues("no sample took the branch that makes it", "other", 1)));
    }

    [Test]
    public void Each_sample_counts_for_the_branch_that_it_took()
    {
        var original = Branches((g, x) => g.Op("Greater", g.Op("ReduceMean", [x], ("keepdims", 0)), g.Constant(Tensor.Create([], 0f))));

        var diagnosis = Diagnose(original, original.Clone());

        Assert.That(diagnosis.Compared.Select(value => value.Value), Does.Contain("h").And.Contain("other"));
        Assert.That(diagnosis.Compared.Select(value => value.Sqnr), Has.All.EqualTo(double.PositiveInfinity));
        Assert.That(diagnosis.Uncompared, Does.Contain(new UncomparedValues("it is not made of floats in both models", "condition", 1)));
    }

    [Test]
    public void Every_iteration_of_a_loop_is_compared()
    {
        var original = Loop(branch: false);

        var diagnosis = Diagnose(original, Quantized(original));

        Assert.That(diagnosis.Losses[0], Has.Property("Value").EqualTo("h"));
        Assert.That(diagnosis.Losses[0].Cause, Is.EqualTo(LossCause.CoarseWeightScale), "the weight is found inside of the body");
        Assert.That(diagnosis.Values - diagnosis.InBodies, Is.EqualTo(1));
    }

    /// <summary>How often each branch was taken is not known, so that no pair of iterations could be told.</summary>
    [Test]
    public void What_can_not_be_compared_has_a_reason()
    {
        var original = Loop(branch: true);

        var diagnosis = Diagnose(original, original.Clone());

        Assert.That(diagnosis.Uncompared, Does.Contain(
            new UncomparedValues("it lies in a branch inside of a loop, which need not make it in each iteration", "h", 2)));
    }

    /// <summary>A pass may put a body's nodes in the place of the If.</summary>
    [Test]
    public void A_branch_that_was_inlined_is_followed()
    {
        var original = Branches((g, _) => g.Constant(Tensor.Create(DataType.Bool, [], new byte[] { 1 })));
        var candidate = original.Clone();
        PassContexts.Run(candidate, new IGraphPass[] { new Simplify(new()), new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size }) });
        Assert.That(candidate.Graph.Nodes.Select(node => node.OpType), Has.None.EqualTo("If"));

        var diagnosis = Diagnose(original, candidate);

        Assert.That(diagnosis.Losses.Select(loss => loss.Value), Is.EqualTo(new[] { "h" }));
    }

    /// <summary>Quantizing renames values, and only the name of the node is left.</summary>
    [Test]
    public void A_node_of_a_branch_that_was_inlined_is_blamed_itself()
    {
        var (original, candidate) = Inlined();
        Forget(candidate, "h");

        var loss = Diagnose(original, candidate).Losses.Single();

        Assert.That((loss.Node, loss.Value), Is.EqualTo(("MatMul 'inside'", "h")));
    }

    /// <summary>The pass would make the very same model: what is moved was computed by another node.</summary>
    [Test]
    public void Who_only_moves_data_is_not_excluded()
    {
        var (original, candidate) = Inlined();
        Forget(candidate, "h");
        foreach (var node in candidate.Graph.Nodes)
            node.Name = "";

        var loss = Diagnose(original, candidate).Losses.Single();

        Assert.That(loss.Value, Is.EqualTo("moved"));
        Assert.That(loss.Mend, Does.Contain("- quantize-dynamic: { exclude: [\"inside\"] }"));
        Assert.That(loss.Mend, Has.None.Contains("moved"));
    }

    private static void Forget(OnnxModel model, string value) =>
        model.Graph.Nodes.SelectMany(node => node.Outputs).Single(output => output?.Name == value)!.Name = "";

    private static (OnnxModel Original, OnnxModel Candidate) Inlined()
    {
        var original = Branches((g, _) => g.Constant(Tensor.Create(DataType.Bool, [], new byte[] { 1 })),
            (g, h) => Named("moved", g.Op("Transpose", h)));
        GraphWalker.Nodes(original).Single(node => node.OpType == "Transpose").Name = "moved";
        var candidate = original.Clone();
        PassContexts.Run(candidate, new IGraphPass[] { new Simplify(new()), new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size }) });
        Assert.That(candidate.Graph.Nodes.Select(node => node.OpType), Has.None.EqualTo("If"));
        return (original, candidate);
    }

    private static ModelDiagnosis Diagnose(OnnxModel original, OnnxModel candidate)
    {
        using var folder = new DataFolder();
        return new Diagnoser(PassContexts.Engine).Run(original, candidate, new DiagnosisRequest([PlantedModel.WriteData(folder)]));
    }

    private static OnnxModel Quantized(OnnxModel original)
    {
        var candidate = original.Clone();
        PassContexts.Run(candidate, new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size }));
        return candidate;
    }

    /// <summary>A product that can be quantized, and one that can't in a branch behind it.</summary>
    private static OnnxModel Branches(Func<GraphBuilder, Value, Value> condition, Func<GraphBuilder, Value, Value>? then = null)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, Width);
        var before = Named("before", g.Op("Tanh", PlantedModel.Product(g, x, g.Initializer("w0", PlantedModel.Weight(0, [1])), "outside")));
        var made = Named("condition", condition(g, x));
        var y = g.If(made,
            body => [body.Op("Tanh", (then ?? ((_, h) => h))(body, Product(body, before)))],
            otherwise => [Named("other", otherwise.Op("Abs", before))]);
        g.Output("y", Named("y", y.Output()));
        return g.Build();
    }

    private static Value Product(GraphBuilder g, Value left) =>
        Named("h", PlantedModel.Product(g, left, g.Initializer("w1", PlantedModel.Weight(1, [1])), "inside"));

    private static OnnxModel Loop(bool branch)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, Width);
        var loop = g.Loop(g.Initializer("trips", s_three), null, [x], (body, formals) =>
        {
            var next = branch
                ? body.If(body.Op("Cast", [formals[0]], ("to", (long)DataType.Bool)), then => [Layer(then, formals[2])], otherwise => [otherwise.Op("Abs", formals[2])]).Output()
                : Layer(body, formals[2]);
            return [body.Op("Identity", formals[1]), next];
        });
        g.Output("y", Named("y", loop.Output()));
        return g.Build();
    }

    private static Value Layer(GraphBuilder g, Value value) =>
        Named("bounded", g.Op("Tanh", Named("h", PlantedModel.Product(g, value, g.Initializer("w", PlantedModel.Weight(1, [1])), "inside"))));

    private static Value Named(string name, Value value)
    {
        value.Name = name;
        return value;
    }
}
