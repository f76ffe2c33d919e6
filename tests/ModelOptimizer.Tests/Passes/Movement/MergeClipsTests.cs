using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeClipsTests
{
    private static readonly TensorType Vector = Moves.Floats(16);

    private static readonly MergeClips Pass = new();

    /// <summary>Both sides of every bound used here, and what is special about floats.</summary>
    private static readonly Dictionary<string, Tensor> Special = new()
    {
        ["x"] = Tensor.Create([16], float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0f, -0f, 1f, -1f, 4f, 6f, 7f, -2f, 5f, 1e-40f, -1e-40f, float.MaxValue, float.MinValue),
    };

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Clip", g.Op("Relu", x), g.Weight("min", Number(-1)), g.Weight("max", Number(0.5f))), Moves.Floats(2, 3), opsets: [17, 11, 13],
        missingOptional: (g, x) => g.Op("Clip", g.Op("Relu", x), null, g.Initializer("max", Number(0.5f))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        // In a function the type is the caller's.
        if (!row.Name.Contains("function", StringComparison.Ordinal))
            PassTester.Run(Pass, row);
    }

    private static IEnumerable<TestCaseData> Pairs =>
    [
        Moves.Case("nested", (g, x) => Clip(g, Clip(g, x, 0, 6), -1, 4)),
        Moves.Case("overlapping", (g, x) => Clip(g, Clip(g, x, -1, 4), 0, 6)),
        Moves.Case("Clip of Relu", (g, x) => Clip(g, g.Op("Relu", x), -1, 6)),
        Moves.Case("Clip of Relu, above zero", (g, x) => Clip(g, g.Op("Relu", x), 1, 6)),
        Moves.Case("Clip of Relu, one bound", (g, x) => Clip(g, g.Op("Relu", x), 1, null)),
        Moves.Case("Relu of Clip", (g, x) => g.Op("Relu", Clip(g, x, -1, 6))),
        Moves.Case("Relu of Clip, one bound", (g, x) => g.Op("Relu", Clip(g, x, -1, null))),
    ];

    [TestCaseSource(nameof(Pairs))]
    public void One_clip_does_what_two_did(Func<GraphBuilder, Value, Value> build)
    {
        var g = new GraphBuilder();
        g.Output("y", build(g, g.Input("x", Vector)));

        PassTester.Run(Pass, g.Build(), Special).Leaves("Clip");
    }

    [Test]
    public void Bounds_in_attributes_merge_too()
    {
        var g = new GraphBuilder(opset: 9);
        g.Output("y", g.Op("Clip", [g.Op("Relu", g.Input("x", Vector))], ("min", -1f), ("max", 6f)));

        PassTester.Run(Pass, g.Build(), Special).Leaves("Clip");
    }

    private static IEnumerable<TestCaseData> Refused =>
    [
        Moves.Case("bounds that are fed", (g, x) => g.Op("Clip", g.Op("Relu", x), g.Input("min", DataType.Float))),
        Moves.Case("bounds that cross", (g, x) => Clip(g, g.Op("Relu", x), 6, 1)),
        Moves.Case("another type", (g, x) => g.Op("Relu", g.Op("Relu", g.Op("Cast", [x], ("to", (long)DataType.Double)))) is var relu ? g.Op("Clip", relu, g.Initializer("min", Tensor.Create(DataType.Double, [], [-1.0]))) : x),
    ];

    [TestCaseSource(nameof(Refused))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build) => PassTester.Run(Pass, Moves.Between(Vector, build)).Refuses("not constant numbers of float32 in order");

    private static IEnumerable<TestCaseData> Apart =>
    [
        Moves.Case("apart, upwards", (g, x) => Clip(g, Clip(g, x, -2, -1), 4, 6)),
        Moves.Case("apart, downwards", (g, x) => Clip(g, Clip(g, x, 4, 6), -2, -1)),
        Moves.Case("Relu of Clip, below zero", (g, x) => g.Op("Relu", Clip(g, x, -2, -1))),
    ];

    [TestCaseSource(nameof(Apart))]
    public void Ranges_that_do_not_meet_make_a_zero_of_a_sign(Func<GraphBuilder, Value, Value> build) =>
        PassTester.Run(Pass, Moves.Between(Vector, build)).Refuses("no number in common");

    private static Value Clip(GraphBuilder g, Value x, float min, float? max) =>
        g.Op("Clip", x, g.Initializer("min", Number(min)), max is { } high ? g.Initializer("max", Number(high)) : null);

    private static Tensor Number(float value) => Tensor.Create([], value);
}
