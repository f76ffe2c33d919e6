using ModelOptimizer.Bisection;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Bisection;

public sealed class RewriteBisectorTests
{
    private static readonly SourceLocation Line = new("model-opt.yaml", 4, 5);

    [Test]
    public void Finds_the_one_rewrite_that_does_harm([Range(0, 8)] int place)
    {
        var operators = Enumerable.Repeat("Identity", 9).ToArray();
        operators[place] = "Relu";

        var result = Bisect(Chain(operators), new EliminateIdentity(), new ForgetRelu());

        Assert.That(result.Rewrites, Is.EqualTo(9));
        Assert.That(result.Culprit!.Number, Is.EqualTo(9));
        Assert.That(result.Culprit.Rewrite.ToString(), Is.EqualTo($"forget-relu: forget it at Relu 'n{place}'"));
        Assert.That(result.Culprit.RunBy.Location, Is.EqualTo(Line));
        Assert.That(result.Culprit.Before.Single(), Is.EqualTo(new OutputChange("y", 0)));
        Assert.That(result.Culprit.After.Single().Change, Is.GreaterThan(0.5));
    }

    [Test]
    public void The_first_of_several_is_blamed()
    {
        var result = Bisect(Chain("Identity", "Relu", "Exp", "Relu"), new ForgetRelu(), new EliminateIdentity());

        Assert.That((result.Rewrites, result.Culprit!.Number, result.Culprit.Rewrite.Where), Is.EqualTo((3, 1, "Relu 'n1'")));
    }

    [Test]
    public void A_member_of_a_group_is_blamed_by_its_own_name()
    {
        var result = Bisect(Chain("Relu", "Identity"), new Group(new EliminateIdentity(), new ForgetRelu()));

        Assert.That((result.Culprit!.Rewrite.Pass, result.Culprit.RunBy.Pass.Name), Is.EqualTo(("forget-relu", "group")));
    }

    [Test]
    public void Innocent_passes_are_acquitted()
    {
        var result = Bisect(Chain("Identity", "Relu", "Identity"), new EliminateIdentity());

        Assert.That(result.Culprit, Is.Null);
        Assert.That((result.Rewrites, result.Source), Is.EqualTo((2, "generated inputs")));
        Assert.That(result.Changes, Is.EqualTo(new[] { new OutputChange("y", 0) }));
    }

    [Test]
    public void What_the_tolerance_allows_is_no_harm() =>
        Assert.That(Bisect(Chain("Relu"), tolerance: 2, new ForgetRelu()).Culprit, Is.Null);

    [Test]
    public void A_model_that_the_runtime_refuses_is_harm()
    {
        var result = Bisect(Chain("Identity", "Relu"), new EliminateIdentity(), new Misspell());

        Assert.That((result.Culprit!.Number, result.Culprit.Rewrite.Pass), Is.EqualTo((2, "misspell")));
        Assert.That(result.Culprit.Refusal, Does.Contain("Rleu"));
        Assert.That(result.Culprit.After, Is.Empty);
    }

    [Test]
    public void Integers_must_stay_the_same()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Cast", [g.Op("Relu", g.Op("Mul", g.Input("x", DataType.Float, "n"), g.Initializer("k", [], 100)))], ("to", (long)DataType.Int64)));

        var result = Bisect(g.Build(), tolerance: 1e9, new ForgetRelu());

        Assert.That(result.Culprit!.After.Single(), Is.EqualTo(new OutputChange("y", double.PositiveInfinity, "elements differ")));
    }

    [Test]
    public void A_model_that_draws_random_numbers_can_blame_nobody()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 3), g.Op("RandomNormal", [], ("shape", new long[] { 3 }))));

        Assert.That(() => Bisect(g.Build(), new EliminateIdentity()), Throws.TypeOf<DiagnosticException>().With.Message.Contains("drew random numbers"));
    }

    [Test]
    public void Free_axes_get_a_length_that_the_model_runs_on()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "n", "m"), g.Initializer("w", [3, 1], 1, 2, 3))));

        Assert.That(Bisect(g.Build(), new ForgetRelu()).Culprit, Is.Not.Null);
    }

    [Test]
    public void Axes_that_a_pass_fixes_get_the_length_it_fixed()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, "n", 3)));
        var fix = new FixDimensions(new FixDimensionsOptions { Lengths = [new NamedNumber("n", 7, Line)] });

        var result = Bisect(g.Build(), fix, new ForgetRelu());

        Assert.That(result.Culprit!.Rewrite.Pass, Is.EqualTo("forget-relu"));
    }

    [Test]
    public void Inputs_that_can_t_be_made_up_are_asked_for()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Identity", g.Input("x", DataType.String, 1)));

        Assert.That(() => Bisect(g.Build(), new ForgetRelu()), Throws.TypeOf<DiagnosticException>().With.Message.Contains("Give real ones with --data"));
    }

    [Test]
    public void Real_inputs_are_taken_where_there_are_any()
    {
        var path = SharedModels.Require("mnist-pytorch.onnx");
        var settings = new EvaluateSettings { Data = [Path.ChangeExtension(path, ".eval.npz")] };

        var result = new RewriteBisector(PassContexts.Engine, [new(new ForgetRelu(), Line)], 1e-5).Run(OnnxModel.Load(path), settings);

        Assert.That((result.Culprit!.Number, result.Samples, result.Source), Is.EqualTo((1, 8, "mnist-pytorch.eval.npz")));
    }

    private static BisectionResult Bisect(OnnxModel model, params IEnumerable<IGraphPass> passes) => Bisect(model, 1e-5, passes);

    private static BisectionResult Bisect(OnnxModel model, double tolerance, params IEnumerable<IGraphPass> passes) =>
        new RewriteBisector(PassContexts.Engine, [.. passes.Select(pass => new BisectedPass(pass, Line))], tolerance).Run(model, settings: null);

    private static OnnxModel Chain(params string[] operators)
    {
        var g = new GraphBuilder();
        var value = g.Input("x", DataType.Float, 5);
        for (var i = 0; i < operators.Length; i++)
        {
            var node = g.Node(operators[i], [value]);
            node.Name = $"n{i}";
            value = node.Output();
        }
        g.Output("y", value);
        return g.Build();
    }

    private sealed class ForgetRelu : NodeRewrite
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Relu" };

        protected override Outcome Rewrite(Node node, PassContext context)
        {
            if (context.Rewriting("forget it", node))
                node.ReplaceWith(node.Input(0)!);
            return Outcome.Done;
        }
    }

    private sealed class Misspell : NodeRewrite
    {
        public override NumericEffect Effect => NumericEffect.Exact;

        protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Relu" };

        protected override Outcome Rewrite(Node node, PassContext context)
        {
            if (context.Rewriting("misspell it", node))
                node.ReplaceWith(node.Graph!.Insert(node, "Rleu", [node.Input(0)]).Output());
            return Outcome.Done;
        }
    }

    private sealed class Group(params IReadOnlyList<IGraphPass> passes) : FixpointGroup(passes);
}
