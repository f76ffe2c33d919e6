using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class NarrowShapesTests
{
    private const long End = long.MaxValue;

    private static readonly TensorType Cube = Moves.Floats("a", "b", "c", "d");

    private static readonly NarrowShapes Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Gather", g.Op("Shape", x), g.Weight("i", Moves.Int64s(1, 2))), Cube, opsets: [17, 15, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Parts =>
    [
        Moves.Case("one length", (g, x) => g.Op("Gather", x, g.Int64s("i", 2))),
        Moves.Case("the last length", (g, x) => g.Op("Gather", x, g.Int64s("i", -1))),
        Moves.Case("the two before", (g, x) => g.Op("Gather", x, g.Int64s("i", -3, -2))),
        Moves.Case("a slice", (g, x) => g.Op("Slice", x, g.Int64s("from", 1), g.Int64s("to", -1))),
        Moves.Case("a slice to the end", (g, x) => g.Op("Slice", x, g.Int64s("from", -2), g.Int64s("to", End))),
        Moves.Case("a slice beyond the end", (g, x) => g.Op("Slice", x, g.Int64s("from", 3), g.Int64s("to", 9))),
    ];

    [TestCaseSource(nameof(Parts))]
    public void Asks_for_a_part(Func<GraphBuilder, Value, Value> take)
    {
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([1, 2, 3, 4], new float[24]) };

        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => take(g, g.Op("Shape", x))), inputs).Leaves("Exp", "Shape", "Abs");
    }

    private static IEnumerable<TestCaseData> Others =>
    [
        Moves.Case("a scalar", (g, x) => g.Op("Gather", x, g.Initializer("i", Moves.Scalar(1)))),
        Moves.Case("lengths apart", (g, x) => g.Op("Gather", x, g.Int64s("i", 0, 2))),
        Moves.Case("the last and the first", (g, x) => g.Op("Gather", x, g.Int64s("i", -1, 0))),
        Moves.Case("every second", (g, x) => g.Op("Slice", x, g.Int64s("from", 0), g.Int64s("to", End), g.Int64s("axes", 0), g.Int64s("steps", 2))),
        Moves.Case("a reader of all", (g, x) => g.Op("Concat", [g.Op("Gather", x, g.Int64s("i", 0)), x], ("axis", 0))),
        Moves.Case("an index that is one length", (g, x) => g.Op("Gather", g.Input("z", DataType.Int64, 9), x)),
    ];

    [TestCaseSource(nameof(Others))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> take) => PassTester.Run(Pass, Moves.Between(Cube, (g, x) => take(g, g.Op("Shape", x)))).Ignores();

    [Test]
    public void Before_opset_15_there_are_no_parts() =>
        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => g.Op("Gather", g.Op("Shape", x), g.Int64s("i", 2)), opset: 14)).Ignores();
}
