using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class HoistFromBranchesTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static readonly HoistFromBranches Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.If(g.Op("Less", g.Op("ReduceMean", [x], ("keepdims", 0L)), g.Weight("zero", Tensor.Create([], 0f))),
            then => [then.Op("Neg", then.Op("Exp", x))], otherwise => [otherwise.Op("Abs", otherwise.Op("Exp", x))]).Output(),
        Matrix, opsets: [17, 11, 13], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_chain_is_computed_before_as_far_as_it_is_alike()
    {
        var (g, x, condition) = Start();
        var scale = g.Initializer("scale", [], 2f);
        g.Output("y", g.If(condition,
            then => [then.Op("Neg", then.Op("Exp", then.Op("Mul", then.Op("Abs", x), scale)))],
            otherwise => [otherwise.Op("Neg", otherwise.Op("Ceil", otherwise.Op("Mul", scale, otherwise.Op("Abs", x))))]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("Abs", "Mul", "If", "Exp", "Neg", "Ceil", "Neg");
    }

    [Test]
    public void What_bodies_inside_read_is_the_same_value()
    {
        var (g, x, condition) = Start();
        g.Output("y", g.If(condition,
            then => [then.Op("Exp", x) is var e ? then.If(condition, inner => [inner.Op("Neg", e)], inner => [inner.Op("Floor", e)]).Output() : x],
            otherwise => [otherwise.Op("Abs", otherwise.Op("Exp", x))]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "If", "If", "Neg", "Floor", "Abs");
    }

    [Test]
    public void All_outputs_of_a_node_go_together()
    {
        var (g, x, condition) = Start();
        g.Output("y", g.If(condition,
            then => [then.Node("Split", [x, g.Int64s("parts", 1, 2)], 2, ("axis", 1)) is var parts ? then.Op("Neg", parts.Output(1)) : x],
            otherwise => [otherwise.Node("Split", [x, g.Int64s("parts2", 1, 2)], 2, ("axis", 1)) is var parts ? otherwise.Op("Exp", parts.Output(0)) : x]).Output());
        var model = g.Build();
        PassContexts.Run(model, new DeduplicateInitializers());

        PassTester.Run(Pass, model).Leaves("Split", "If", "Neg", "Exp");
    }

    private static IEnumerable<TestCaseData> Others =>
    [
        Case("one branch only", (b, x) => b.Op("Neg", b.Op("Exp", x)), (b, x) => b.Op("Abs", b.Op("Ceil", x))),
        Case("what the branch itself makes", (b, x) => b.Op("Neg", b.Op("Exp", b.Op("Floor", x))), (b, x) => b.Op("Abs", b.Op("Exp", b.Op("Ceil", x)))),
        Case("an output of the branch", (b, x) => b.Op("Exp", x), (b, x) => b.Op("Abs", b.Op("Exp", x))),
        Case("a random number", (b, x) => b.Op("Mul", b.Op("RandomNormalLike", x), b.Initializer("zero", [], 0f)), (b, x) => b.Op("Sub", b.Op("RandomNormalLike", x), b.Op("Exp", x)), compare: false),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> then, Func<GraphBuilder, Value, Value> otherwise, bool compare)
    {
        var (g, x, condition) = Start();
        g.Output("y", g.If(condition, branch => [then(branch, x)], branch => [otherwise(branch, x)]).Output());

        if (compare)
            PassTester.Run(Pass, g.Build()).Ignores();
        else
            Assert.That(PassContexts.Run(g.Build(), Pass).Rewrites, Is.Empty);
    }

    private static (GraphBuilder, Value X, Value Condition) Start()
    {
        var g = new GraphBuilder();
        return (g, g.Input("x", Matrix), g.Input("c", DataType.Bool));
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> then, Func<GraphBuilder, Value, Value> otherwise, bool compare = true) =>
        new TestCaseData(then, otherwise, compare).SetArgDisplayNames(name);
}
