using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateCommonSubexpressionsTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static readonly EliminateCommonSubexpressions Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", g.Op("Add", x, g.Weight("w", Tensor.Create([1], 2f))), g.Op("Add", x, g.Weight("w", Tensor.Create([1], 2f)))),
        Matrix, opsets: [17, 8, 13],
        missingOptional: (g, x) => g.Op("Mul", g.Op("Clip", x, null, g.Weight("max", Tensor.Create([], 1f))), g.Op("Clip", x, null, g.Weight("max", Tensor.Create([], 1f)))),
        mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Two_splits_into_different_numbers_of_parts_are_not_alike()
    {
        var g = new GraphBuilder(opset: 13);
        var x = g.Input("x", DataType.Float, 6);
        var (thirds, halves) = (g.Node("Split", [x], outputs: 3), g.Node("Split", [x], outputs: 2));
        g.Output("y", g.Op("Abs", thirds.Output(0)));
        g.Output("z", g.Op("Abs", halves.Output(1)));

        PassTester.Run(new EliminateCommonSubexpressions(), g.Build()).Ignores();
    }

    [Test]
    public void Whole_trees_collapse_at_once()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Add", Tree(x), Tree(x)));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Transpose", "Neg", "Add");

        Value Tree(Value input) => g.Op("Neg", g.Op("Transpose", [g.Op("Exp", input)], ("perm", new long[] { 1, 0 })));
    }

    [Test]
    public void A_body_reads_what_is_computed_around_it()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        var outside = g.Op("Exp", x);
        var branch = g.If(g.Input("c", DataType.Bool),
            then => [then.Op("Neg", then.Op("Exp", x))], otherwise => [otherwise.Op("Abs", otherwise.Op("Exp", x))]);
        g.Output("y", g.Op("Add", outside, branch.Output()));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "If", "Add", "Neg", "Abs");
    }

    /// <summary>A branch that is not taken computes nothing.</summary>
    [Test]
    public void Two_branches_share_nothing_with_each_other()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("Neg", then.Op("Exp", x))], otherwise => [otherwise.Op("Abs", otherwise.Op("Exp", x))]).Output());

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [TestCase("Add")]
    [TestCase("Mul")]
    public void Operands_that_may_change_places_are_alike(string operation)
    {
        var g = new GraphBuilder();
        var (x, z) = (g.Input("x", Matrix), g.Input("z", DataType.Float, 1, 3));
        g.Output("y", g.Op("Sub", g.Op(operation, x, z), g.Op(operation, z, x)));

        PassTester.Run(Pass, g.Build()).Leaves(operation, "Sub");
    }

    private static IEnumerable<TestCaseData> Different =>
    [
        Case("attributes", (g, x) => (g.Op("Flatten", [x], ("axis", 0)), g.Op("Flatten", [x], ("axis", 1)))),
        Case("operators", (g, x) => (g.Op("Exp", x), g.Op("Neg", x))),
        Case("order of inputs", (g, x) => (g.Op("Sub", x, g.Weight("w", Tensor.Create([1], 1f))), g.Op("Sub", g.Weight("w", Tensor.Create([1], 1f)), x))),
        Case("order of inputs of a maximum, which picks one of two zeros", (g, x) => g.Op("Neg", x) is var minus ? (g.Op("Max", x, minus), g.Op("Max", minus, x)) : (x, x)),
        Case("an input left out", (g, x) => (
            g.Op("Clip", x, null, g.Weight("w", Tensor.Create([], 1f))), g.Op("Clip", x, g.Weight("w", Tensor.Create([], 1f)), null))),
    ];

    [TestCaseSource(nameof(Different))]
    public void Different_nodes_stay(Func<GraphBuilder, Value, (Value, Value)> build)
    {
        var g = new GraphBuilder();
        var (first, second) = build(g, g.Input("x", Matrix));
        g.Output("y", g.Op("Abs", first));
        g.Output("z", g.Op("Ceil", second));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void Random_nodes_draw_each_their_own()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Sub", g.Op("RandomNormalLike", x), g.Op("RandomNormalLike", x)));
        var model = g.Build();

        Assert.That(PassContexts.Run(model, Pass).Rewrites, Is.Empty);
    }

    [Test]
    public void Two_outputs_keep_their_own_nodes()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Exp", x));
        g.Output("z", g.Op("Exp", x));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, (Value, Value)> build) => new TestCaseData(build).SetArgDisplayNames(name);
}
