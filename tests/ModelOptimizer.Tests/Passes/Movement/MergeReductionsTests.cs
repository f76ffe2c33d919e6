using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeReductionsTests
{
    private static readonly TensorType Cube = Moves.Floats(2, 3, 4);

    private static readonly MergeReductions Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Unsqueeze", g.Op("ReduceMean", [x], ("axes", new long[] { 1 }), ("keepdims", 0L)), g.Weight("axes", Moves.Int64s(1))), Cube, opsets: [17, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Merges =>
    [
        Moves.Case("kept axes", (g, x) => g.Op("Unsqueeze", Reduce(g, "ReduceMax", x, 0, 2, 0), g.Int64s("axes", 0, -1)), "ReduceMax"),
        Moves.Case("dropped axes", (g, x) => g.Op("Squeeze", Reduce(g, "ReduceL2", x, 1, 0, -1), g.Int64s("axes", 2, 0)), "ReduceL2"),
        Moves.Case("an axis of ArgMax", (g, x) => g.Op("Unsqueeze", g.Op("ArgMax", [x], ("axis", 1L), ("keepdims", 0L)), g.Int64s("axes", 1)), "ArgMax"),
        Moves.Case("axes as an input", (g, x) => g.Op("Squeeze", g.Op("ReduceSum", x, g.Int64s("reduced", 1)), g.Int64s("axes", 1)), "ReduceSum"),
    ];

    [TestCaseSource(nameof(Merges))]
    public void Makes_one_of_two(Func<GraphBuilder, Value, Value> build, string left) => PassTester.Run(Pass, Moves.Between(Cube, build)).Leaves("Exp", left, "Abs");

    [Test]
    public void Axes_in_attributes_merge_too() =>
        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => g.Op("Unsqueeze", [Reduce(g, "ReduceSum", x, 0, 1)], ("axes", new long[] { 1 })), opset: 11)).Leaves("Exp", "ReduceSum", "Abs");

    private static IEnumerable<TestCaseData> Others =>
    [
        Moves.Case("another axis put in", (g, x) => g.Op("Unsqueeze", Reduce(g, "ReduceMax", x, 0, 2), g.Int64s("axes", 0))),
        Moves.Case("some axes put back", (g, x) => g.Op("Unsqueeze", Reduce(g, "ReduceMax", x, 0, 0, 2), g.Int64s("axes", 0))),
        Moves.Case("an axis put in beside those kept", (g, x) => g.Op("Unsqueeze", Reduce(g, "ReduceMax", x, 1, 0), g.Int64s("axes", 0))),
        Moves.Case("all axes at once", (g, x) => g.Op("Unsqueeze", g.Op("ReduceMax", [x], ("keepdims", 0L)), g.Int64s("axes", 0, 1, 2))),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build) => PassTester.Run(Pass, Moves.Between(Cube, build)).Ignores();

    [Test]
    public void A_result_that_others_read_keeps_its_axes()
    {
        var g = new GraphBuilder();
        var reduced = Reduce(g, "ReduceMax", g.Input("x", Cube), 0, 1);
        g.Output("y", g.Op("Unsqueeze", reduced, g.Int64s("axes", 1)));
        g.Output("z", g.Op("Neg", reduced));

        PassTester.Run(Pass, g.Build()).Refuses("has other readers");
    }

    private static Value Reduce(GraphBuilder g, string operation, Value x, long keep, params long[] axes) =>
        g.Op(operation, [x], ("axes", axes), ("keepdims", keep));
}
