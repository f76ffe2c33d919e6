using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeReshapesTests
{
    private static readonly TensorType Matrix = Moves.Floats(2, 3);

    private static readonly MergeReshapes Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Reshape", g.Op("Reshape", x, g.Weight("s", Moves.Int64s(3, 2))), g.Weight("t", Moves.Int64s(6, 1))),
        Matrix, opsets: [17, 5, 13, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Merges =>
    [
        Moves.Case("Reshape behind Flatten", (g, x) => Reshape(g, g.Op("Flatten", x), 1, -1), 17, "Reshape"),
        Moves.Case("Reshape that copies a length", (g, x) => Reshape(g, Reshape(g, x, 3, 2), 0, 1, 2), 17, "Reshape"),
        Moves.Case("Flatten behind Reshape", (g, x) => g.Op("Flatten", Reshape(g, x, 1, 2, 3)), 17, "Reshape"),
        Moves.Case("Unsqueeze twice", (g, x) => Unsqueeze(g, Unsqueeze(g, x, 1), 0, -1), 17, "Unsqueeze"),
        Moves.Case("Unsqueeze twice at opset 11", (g, x) => g.Op("Unsqueeze", [g.Op("Unsqueeze", [x], ("axes", new long[] { 1 }))], ("axes", new long[] { 0 })), 11, "Unsqueeze"),
        Moves.Case("Squeeze twice", (g, x) => Squeeze(g, Squeeze(g, g.Input("z", DataType.Float, 1, 2, 1, 3), 0), 1), 17, "Squeeze"),
        Moves.Case("Unsqueeze behind Reshape", (g, x) => Unsqueeze(g, Reshape(g, x, 3, 2), 1), 17, "Reshape"),
        Moves.Case("Squeeze behind Unsqueeze", (g, x) => Squeeze(g, Unsqueeze(g, x, 0, 2), 2), 17, "Reshape"),
        Moves.Case("Squeeze that takes Unsqueeze back", (g, x) => Squeeze(g, Unsqueeze(g, x, 1), 1), 17),
        Moves.Case("Reshape behind a Transpose of an axis of length 1", (g, x) => Reshape(g, g.Op("Transpose", [Unsqueeze(g, x, 0)], ("perm", new long[] { 1, 0, 2 })), 6), 17, "Reshape"),
        Moves.Case("three in a row", (g, x) => Reshape(g, Unsqueeze(g, Reshape(g, x, 6), 0), 2, 3, 1), 17, "Reshape"),
    ];

    [TestCaseSource(nameof(Merges))]
    public void Makes_one_of_two(Func<GraphBuilder, Value, Value> build, int opset, params string[] left) =>
        PassTester.Run(Pass, Moves.Between(Matrix, build, opset)).Leaves(["Exp", .. left, "Abs"]);

    [Test]
    public void The_unsqueezes_of_an_attention_mask_stay_for_the_runtime_to_find() => PassTester.Run(Pass, Moves.Between(Matrix, (g, x) =>
    {
        var mask = Unsqueeze(g, Unsqueeze(g, x, 1), 2);
        return g.Op("Mul", g.Op("Sub", g.Initializer("one", [], 1), mask), g.Initializer("lowest", [], -10000));
    })).Refuses("mask of attention");

    /// <summary>A Reshape to [0, 1, -1] would fail on an empty batch.</summary>
    [Test]
    public void Two_transposes_that_only_move_axes_of_length_one_are_another_passs_business()
    {
        var g = new GraphBuilder();
        var turned = g.Op("Transpose", [g.Input("x", DataType.Float, "n", "m", 1)], ("perm", new long[] { 0, 2, 1 }));
        g.Output("y", g.Op("Transpose", [turned], ("perm", new long[] { 0, 1, 2 })));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void Axes_of_any_length_are_kept_by_a_zero() =>
        PassTester.Run(Pass, Moves.Between(Moves.Floats("n", 6), (g, x) => Unsqueeze(g, Reshape(g, x, 0, 2, 3), 3))).Leaves("Exp", "Reshape", "Abs");

    [Test]
    public void One_axis_is_found_out() =>
        PassTester.Run(Pass, Moves.Between(Moves.Floats("n", "m"), (g, x) => Reshape(g, Reshape(g, x, -1, 2), 0, 1, 2))).Leaves("Exp", "Reshape", "Abs");

    [Test]
    public void A_Transpose_of_longer_axes_is_no_reshape() =>
        PassTester.Run(Pass, Moves.Between(Matrix, (g, x) => Reshape(g, g.Op("Transpose", x), 6))).Ignores();

    [Test]
    public void A_target_that_the_model_computes_stays()
    {
        var model = Moves.Between(Moves.Floats("n", "m"), (g, x) => g.Op("Reshape", Reshape(g, x, -1), g.Op("Abs", g.Op("Shape", g.Input("like", DataType.Float, "a", "b")))));

        PassTester.Run(Pass, model).Refuses("no constant says its shape");
    }

    [Test]
    public void Empty_tensors_keep_their_shapes() =>
        PassTester.Run(Pass, Moves.Between(Moves.Floats(0, 3), (g, x) => Unsqueeze(g, g.Op("Reshape", [x, g.Int64s("s", 3, 0)], ("allowzero", 1L)), 0)));

    private static Value Reshape(GraphBuilder g, Value x, params long[] shape) => g.Op("Reshape", x, g.Int64s("shape", shape));

    private static Value Unsqueeze(GraphBuilder g, Value x, params long[] axes) => g.Op("Unsqueeze", x, g.Int64s("axes", axes));

    private static Value Squeeze(GraphBuilder g, Value x, params long[] axes) => g.Op("Squeeze", x, g.Int64s("axes", axes));
}
