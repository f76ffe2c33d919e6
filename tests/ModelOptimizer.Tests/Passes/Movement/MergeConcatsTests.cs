using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeConcatsTests
{
    private static readonly TensorType Matrix = Moves.Floats(2, 3);

    private static readonly MergeConcats Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Concat(g, 1, x, Concat(g, 1, x, g.Op("Neg", x))), Matrix, opsets: [17, 7, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Parts_keep_their_order_however_deep() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => Concat(g, 0, Concat(g, -2, g.Op("Neg", x), Concat(g, 0, x, g.Op("Ceil", x))), g.Op("Floor", x))))
            .Leaves("Exp", "Neg", "Ceil", "Floor", "Concat", "Abs");

    [Test]
    public void One_read_twice_by_the_same_comes_in_twice() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => Concat(g, 0, x, g.Op("Neg", x)) is var inner ? Concat(g, 0, inner, x, inner) : x))
            .Leaves("Exp", "Neg", "Concat", "Abs");

    [Test]
    public void A_tower_does_not_grow_beyond_all_measure()
    {
        var model = Moves.Between(Matrix, (g, x) => Enumerable.Range(0, 12).Aggregate(x, (inner, _) => Concat(g, 0, inner, inner)));

        var test = PassTester.Run(Pass, model).Leaves("Exp", "Concat", "Concat", "Abs");

        Assert.That(test.Log.Refusals.Single().Why, Is.EqualTo("it would have 512 parts"));
    }

    [Test]
    public void Another_axis_stays() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => Concat(g, 0, Concat(g, 1, x, x), Concat(g, 1, x, g.Op("Neg", x))))).Ignores();

    [Test]
    public void What_others_read_stays()
    {
        var g = new GraphBuilder();
        var inner = Concat(g, 0, g.Input("x", Matrix), g.Input("w", Matrix));
        g.Output("y", Concat(g, 0, inner, inner));
        g.Output("z", inner);

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Concat(GraphBuilder g, long axis, params Value?[] parts) => g.Op("Concat", parts, ("axis", axis));
}
