using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeConcatPartsTests
{
    private static readonly TensorType Vector = Moves.Floats(6);

    private static readonly MergeConcatParts Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Shape", x) is var shape ? Concat(g, Take(g, shape, 0), Take(g, shape, 1), g.Constant(Moves.Int64s(64))) : x, Moves.Floats(2, 3), opsets: [17, 9, 13],
        mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        // Shapes of functions are the caller's, but a Shape is always a vector.
        PassTester.Run(Pass, row);
    }

    private static IEnumerable<TestCaseData> Merges =>
    [
        Moves.Case("all of them", (g, x) => Concat(g, Take(g, x, 4), Take(g, x, -1, 0)), "Gather"),
        Moves.Case("two runs", (g, x) => Concat(g, Take(g, x, 0), Take(g, x, 1), g.Op("Neg", x), Take(g, x, 2), Take(g, x, 2)), "Neg Gather Gather Concat"),
        Moves.Case("parts by Slices", (g, x) => Concat(g, Cut(g, x, 0, 2), Cut(g, x, -2, long.MaxValue)), "Gather"),
        Moves.Case("a Slice beside a Gather", (g, x) => Concat(g, Cut(g, x, 4, 9), Take(g, x, 0), g.Op("Neg", x)), "Neg Gather Concat"),
    ];

    [TestCaseSource(nameof(Merges))]
    public void Takes_neighbours_at_once(Func<GraphBuilder, Value, Value> build, string left) =>
        PassTester.Run(Pass, Moves.Between(Vector, build)).Leaves(["Exp", .. left.Split(' '), "Abs"]);

    private static IEnumerable<TestCaseData> Others =>
    [
        Moves.Case("different vectors", (g, x) => Concat(g, Take(g, x, 0), Take(g, g.Op("Neg", x), 1))),
        Moves.Case("something between", (g, x) => Concat(g, Take(g, x, 0), g.Op("Neg", x), Take(g, x, 1))),
        Moves.Case("a place that is fed", (g, x) => Concat(g, Take(g, x, 0), g.Op("Gather", x, g.Input("i", DataType.Int64, 1)))),
        Moves.Case("backwards", (g, x) => Concat(g, Take(g, x, 0), g.Op("Slice", x, g.Int64s("from", 3), g.Int64s("to", 0), g.Int64s("axes", 0), g.Int64s("steps", -1)))),
        Moves.Case("parts that others read", (g, x) => Take(g, x, 0) is var part ? Concat(g, part, Take(g, x, 1), part) : x),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build) => PassTester.Run(Pass, Moves.Between(Vector, build)).Ignores();

    [Test]
    public void Rows_of_a_matrix_are_no_elements() =>
        PassTester.Run(Pass, Moves.Between(Moves.Floats(3, 2), (g, x) => Concat(g, Take(g, x, 0), Take(g, x, 1)))).Ignores();

    private static Value Concat(GraphBuilder g, params Value?[] parts) => g.Op("Concat", parts, ("axis", 0L));

    private static Value Take(GraphBuilder g, Value x, params long[] places) => g.Op("Gather", x, g.Constant(Moves.Int64s(places)));

    private static Value Cut(GraphBuilder g, Value x, long from, long to) => g.Op("Slice", x, g.Int64s("from", from), g.Int64s("to", to));
}
