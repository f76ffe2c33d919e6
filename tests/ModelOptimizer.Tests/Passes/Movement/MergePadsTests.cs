using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergePadsTests
{
    private static readonly TensorType Matrix = Moves.Floats(2, 3);

    private static readonly MergePads Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Pad", g.Op("Pad", x, g.Weight("a", Moves.Int64s(0, 1, 0, 2)), g.Weight("v", Tensor.Create([], 2f))), g.Weight("b", Moves.Int64s(1, 1, 0, 0)), g.Weight("v", Tensor.Create([], 2f))),
        Matrix, opsets: [17, 11, 13, 18],
        missingOptional: (g, x) => g.Op("Pad", g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Int64s("b", 1, 1, 0, 0)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Numbers_in_attributes_are_added_too() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => g.Op("Pad", [g.Op("Pad", [x], ("pads", new long[] { 0, 1, 0, 2 }))], ("pads", new long[] { 1, 1, 0, 0 })), opset: 10))
            .Leaves("Exp", "Pad", "Abs");

    [Test]
    public void A_zero_left_out_is_a_zero() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => g.Op("Pad", g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Int64s("b", 1, 1, 0, 0), g.Initializer("v", [], 0f))))
            .Leaves("Exp", "Pad", "Abs");

    private static IEnumerable<TestCaseData> Refused =>
    [
        Moves.Case("another number", (g, x) => g.Op("Pad", g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Int64s("b", 1, 1, 0, 0), g.Initializer("v", [], 1f)), "different numbers"),
        Moves.Case("cropping", (g, x) => g.Op("Pad", g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Int64s("b", 0, -1, 0, 0)), "crops"),
        Moves.Case("reflection", (g, x) => g.Op("Pad", [g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Int64s("b", 0, 1, 0, 0)], ("mode", "reflect")), "in another way"),
        Moves.Case("numbers that are fed", (g, x) => g.Op("Pad", g.Op("Pad", x, g.Int64s("a", 0, 1, 0, 2)), g.Input("b", DataType.Int64, 4)), "in another way"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build, string reason) => PassTester.Run(Pass, Moves.Between(Matrix, build)).Refuses(reason);
}
