using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeGathersTests
{
    private static readonly TensorType Table = Moves.Floats(6, 8);

    private static readonly MergeGathers Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Unsqueeze", g.Op("Gather", x, g.Weight("i", Moves.Scalar(3))), g.Weight("axes", Moves.Int64s(0))), Table, opsets: [17, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Merges =>
    [
        Moves.Case("an axis put back", (g, x) => g.Op("Unsqueeze", Gather(g, x, 1, Moves.Scalar(-2)), g.Int64s("axes", 1))),
        Moves.Case("an axis taken away", (g, x) => g.Op("Squeeze", Gather(g, x, 1, Moves.Int64s(5)), g.Int64s("axes", -1))),
        Moves.Case("some of some", (g, x) => Gather(g, Gather(g, x, 0, Moves.Int64s(5, 1, -1)), 0, Moves.Int64s(2, 0))),
        Moves.Case("one of some", (g, x) => Gather(g, Gather(g, x, -1, Moves.Int64s(5, 1, -1)), 1, Moves.Scalar(-2))),
    ];

    [TestCaseSource(nameof(Merges))]
    public void Makes_one_of_two(Func<GraphBuilder, Value, Value> build) => PassTester.Run(Pass, Moves.Between(Table, build)).Leaves("Exp", "Gather", "Abs");

    [Test]
    public void An_axis_put_back_at_opset_11() =>
        PassTester.Run(Pass, Moves.Between(Table, (g, x) => g.Op("Unsqueeze", [Gather(g, x, 0, Moves.Scalar(2))], ("axes", new long[1])), opset: 11)).Leaves("Exp", "Gather", "Abs");

    private static IEnumerable<TestCaseData> Others =>
    [
        Moves.Case("another axis put in", (g, x) => g.Op("Unsqueeze", Gather(g, x, 0, Moves.Scalar(2)), g.Int64s("axes", 1))),
        Moves.Case("two axes put in", (g, x) => g.Op("Unsqueeze", Gather(g, x, 0, Moves.Scalar(2)), g.Int64s("axes", 0, 1))),
        Moves.Case("another axis gathered", (g, x) => Gather(g, Gather(g, x, 0, Moves.Int64s(5, 1)), 1, Moves.Int64s(0))),
        Moves.Case("an index that is fed", (g, x) => Gather(g, g.Op("Gather", x, g.Input("i", DataType.Int64, 2)), 0, Moves.Int64s(0))),
        Moves.Case("indices in a matrix", (g, x) => Gather(g, Gather(g, x, 0, Tensor.Create([1, 2], 5L, 1L)), 0, Moves.Int64s(0))),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build) => PassTester.Run(Pass, Moves.Between(Table, build)).Ignores();

    [Test]
    public void A_scalar_that_others_read_stays()
    {
        var g = new GraphBuilder();
        var row = Gather(g, g.Input("x", Table), 0, Moves.Scalar(2));
        g.Output("y", g.Op("Unsqueeze", row, g.Int64s("axes", 0)));
        g.Output("z", g.Op("Neg", row));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Gather(GraphBuilder g, Value x, long axis, Tensor indices) => g.Op("Gather", [x, g.Initializer("indices", indices)], ("axis", axis));
}
