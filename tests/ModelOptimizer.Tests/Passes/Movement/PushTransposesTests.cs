using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class PushTransposesTests
{
    private static readonly TensorType Image = Moves.Floats(2, 3, 4, 5);

    private static readonly PushTransposes Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Back(g, g.Op("Mul", g.Op("Relu", There(g, x)), g.Weight("w", Numbers(3)))), Image, opsets: [17, 7, 13, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        // Types of what a function reads are unknown, but not the rank of a Transpose.
        PassTester.Run(Pass, row);
    }

    private static IEnumerable<TestCaseData> Passable =>
    [
        Moves.Case("one operand", (g, x) => g.Op("Sigmoid", x), "Sigmoid"),
        Moves.Case("a scalar", (g, x) => g.Op("Add", g.Initializer("c", [], 2f), x), "Add"),
        Moves.Case("a constant for the last axis", (g, x) => g.Op("Add", x, g.Initializer("c", Numbers(3))), "Add"),
        Moves.Case("a constant for the first axis", (g, x) => g.Op("Sub", g.Initializer("c", Numbers(2, 1, 1, 1)), x), "Sub"),
        Moves.Case("a constant for all axes", (g, x) => g.Op("Max", x, g.Initializer("c", Numbers(2, 4, 5, 3))), "Max"),
        Moves.Case("a number that is fed", (g, x) => g.Op("Mul", x, g.Input("s", DataType.Float, 1)), "Mul"),
        Moves.Case("both operands", (g, x) => g.Op("Mul", x, g.Op("Sigmoid", x)), "Sigmoid Mul"),
        Moves.Case("a choice", (g, x) => g.Op("Where", g.Op("Greater", x, g.Initializer("c", [], 1f)), x, g.Initializer("d", Numbers(3))), "Greater Where"),
        Moves.Case("Clip", (g, x) => g.Op("Clip", x, g.Initializer("min", [], 0f)), "Clip"),
        Moves.Case("Cast", (g, x) => g.Op("Cast", [x], ("to", (long)DataType.Int32)), "Cast"),
        Moves.Case("Concat", (g, x) => g.Op("Concat", [x, g.Op("Neg", x), g.Initializer("c", Numbers(2, 4, 5, 1))], ("axis", -1)), "Neg Concat"),
        Moves.Case("Pad", (g, x) => g.Op("Pad", x, g.Int64s("pads", 0, 1, 0, 0, 0, 0, 0, 2)), "Pad"),
        Moves.Case("Slice", (g, x) => g.Op("Slice", x, g.Int64s("from", 1, 0), g.Int64s("to", 3, -1), g.Int64s("axes", -1, 1)), "Slice"),
        Moves.Case("ReduceMax", (g, x) => g.Op("ReduceMax", [x], ("axes", new long[] { 1, 2 })), "ReduceMax"),
        Moves.Case("Softmax to the last axis", (g, x) => g.Op("Softmax", [x], ("axis", 2)), "Softmax"),
    ];

    [TestCaseSource(nameof(Passable))]
    public void Passes_through(Func<GraphBuilder, Value, Value> build, string operators) =>
        PassTester.Run(Pass, Moves.Between(Image, (g, x) => Back(g, build(g, There(g, x))))).Leaves(["Exp", .. operators.Split(' '), "Abs"]);

    private static IEnumerable<TestCaseData> Impassable =>
    [
        Moves.Case("an operand of another layout", (g, x) => g.Op("Add", x, g.Input("z", Moves.Floats(2, 4, 5, 3)))),
        Moves.Case("an operand with fewer axes", (g, x) => g.Op("Add", x, g.Input("z", Moves.Floats(5, 3)))),
        Moves.Case("a constant that may be fed", (g, x) => g.Op("Add", x, g.InputWithDefault("c", Numbers(3)))),
        Moves.Case("a sum", (g, x) => g.Op("ReduceSum", x, g.Int64s("axes", 3))),
        Moves.Case("Softmax of the channels", (g, x) => g.Op("Softmax", [x], ("axis", -1))),
        Moves.Case("a maximum without its axis", (g, x) => g.Op("Unsqueeze", g.Op("ReduceMax", [x], ("axes", new long[] { 3 }), ("keepdims", 0L)), g.Int64s("axes", 3))),
        Moves.Case("a product of matrices", (g, x) => g.Op("MatMul", x, g.Initializer("w", Numbers(3, 3)))),
        Moves.Case("a Pad of numbers that are fed", (g, x) => g.Op("Pad", x, g.Input("pads", DataType.Int64, 8))),
    ];

    [TestCaseSource(nameof(Impassable))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build) =>
        PassTester.Run(Pass, Moves.Between(Image, (g, x) => Back(g, build(g, There(g, x))))).Ignores();

    [Test]
    public void Two_that_meet_become_one()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", There(g, g.Input("a", Image)), There(g, g.Input("b", Image))));

        PassTester.Run(Pass, g.Build()).Leaves("Add", "Transpose");
    }

    [Test]
    public void One_that_cancels_nothing_stays() =>
        PassTester.Run(Pass, Moves.Between(Image, (g, x) => g.Op("Relu", There(g, x)))).Ignores();

    [Test]
    public void Parts_of_a_Split_go_their_own_ways()
    {
        var g = new GraphBuilder();
        var parts = g.Node("Split", [There(g, g.Input("x", Image)), g.Int64s("split", 1, 2)], 2, ("axis", -1));
        g.Output("y", Back(g, parts.Output(0)));
        g.Output("z", Back(g, g.Op("Relu", parts.Output(1))));

        PassTester.Run(Pass, g.Build()).Leaves("Split", "Relu");
    }

    [Test]
    public void What_is_needed_in_both_layouts_costs_one()
    {
        var g = new GraphBuilder();
        var relu = g.Op("Relu", There(g, g.Input("x", Image)));
        g.Output("y", Back(g, relu));
        g.Output("z", g.Op("MatMul", relu, g.Initializer("w", Numbers(3, 2))));

        PassTester.Run(Pass, g.Build()).Leaves("Relu", "Transpose", "MatMul");
    }

    [Test]
    public void A_branch_that_gains_nothing_stays_behind()
    {
        var g = new GraphBuilder();
        var x = There(g, g.Input("x", Image));
        g.Output("y", Back(g, g.Op("Relu", x)));
        g.Output("z", g.Op("MatMul", g.Op("Neg", g.Op("Sigmoid", x)), g.Initializer("w", Numbers(3, 2))));
        g.Output("u", g.Op("MatMul", g.Op("Tanh", x), g.Initializer("v", Numbers(3, 2))));

        PassTester.Run(Pass, g.Build()).Leaves("Transpose", "Relu", "Sigmoid", "Neg", "MatMul", "Tanh", "MatMul");
    }

    /// <summary>Keys of attention with a cache: both are turned for the product, and back for the next step.</summary>
    [Test]
    public void One_of_another_order_is_turned_on_the_way()
    {
        var g = new GraphBuilder();
        var past = g.Op("Transpose", [g.Input("past", Moves.Floats(2, 3, 4, 5))], ("perm", new long[] { 0, 1, 3, 2 }));
        var key = g.Op("Transpose", [g.Input("key", Moves.Floats(2, 1, 3, 5))], ("perm", new long[] { 0, 2, 3, 1 }));
        var all = g.Op("Concat", [past, key], ("axis", -1));
        g.Output("scores", g.Op("MatMul", g.Input("query", Moves.Floats(2, 3, 1, 5)), all));
        g.Output("present", g.Op("Transpose", [all], ("perm", new long[] { 0, 1, 3, 2 })));

        PassTester.Run(Pass, g.Build()).Leaves("Transpose", "Concat", "Transpose", "MatMul");
    }

    [Test]
    public void Regions_behind_each_other_are_passed_in_turn() =>
        PassTester.Run(Pass, Moves.Between(Image, (g, x) => Back(g, g.Op("Neg", There(g, Back(g, g.Op("Relu", There(g, x)))))))).Leaves("Exp", "Relu", "Neg", "Abs");

    [Test]
    public void A_body_that_reads_the_result_gets_it_as_it_was()
    {
        var g = new GraphBuilder();
        var relu = g.Op("Relu", There(g, g.Input("x", Image)));
        g.Output("y", Back(g, relu));
        g.Output("z", g.If(g.Input("c", DataType.Bool), then => [then.Op("Neg", relu)], otherwise => [otherwise.Op("Exp", relu)]).Output());

        PassTester.Run(Pass, g.Build()).Leaves("Relu", "Transpose", "If", "Neg", "Exp");
    }

    /// <summary>The scales lie along the axis that an attribute names, so that one moves, not they.</summary>
    [Test]
    public void Quantization_by_channel_moves_its_axis()
    {
        var g = new GraphBuilder();
        var (scales, zeros) = (g.Initializer("scales", Numbers(3)), g.Initializer("zeros", Tensor.Create(DataType.UInt8, [3], new byte[] { 1, 2, 3 })));
        var quantized = g.Op("QuantizeLinear", [There(g, g.Input("x", Image)), scales, zeros], ("axis", -1));
        g.Output("y", Back(g, g.Op("DequantizeLinear", [quantized, scales, zeros], ("axis", 3))));

        PassTester.Run(Pass, g.Build()).Leaves("QuantizeLinear", "DequantizeLinear");
    }

    [Test]
    public void Quantization_as_a_whole_has_no_axis()
    {
        var g = new GraphBuilder();
        var quantized = g.Op("QuantizeLinear", There(g, g.Input("x", Image)), g.Initializer("scale", [], 0.5f));
        g.Output("y", Back(g, g.Op("DequantizeLinear", quantized, g.Initializer("scale", [], 0.5f))));

        PassTester.Run(Pass, g.Build()).Leaves("QuantizeLinear", "DequantizeLinear");
    }

    /// <summary>Before opset 7 an attribute said along which axis the second operand was laid.</summary>
    [Test]
    public void An_operand_laid_along_an_axis_holds_it_up()
    {
        var model = Moves.Between(Image, (g, x) => Back(g, g.Op("Mul", [There(g, x), g.Initializer("c", Numbers(4))], ("broadcast", 1), ("axis", 1))), opset: 6);

        // The runtime has no kernel for it, so that this can't be seen in the numbers.
        Assert.That(PassContexts.Run(model, Pass).Rewrites, Is.Empty);
    }

    [Test]
    public void A_Transpose_of_an_unknown_rank_is_a_reader_like_any_other()
    {
        var g = new GraphBuilder();
        g.Function("local", "Uncalled", 1, (f, inputs) => f.Op("Relu", There(f, inputs[0])) is var relu ? [f.Op("Transpose", relu), Back(f, relu)] : []);
        g.Output("y", g.Op("Exp", g.Input("x", Image)));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Relu", "Transpose", "Transpose");
    }

    private static Value There(GraphBuilder g, Value x) => g.Op("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 }));

    private static Value Back(GraphBuilder g, Value x) => g.Op("Transpose", [x], ("perm", new long[] { 0, 3, 1, 2 }));

    private static Tensor Numbers(params long[] dimensions) =>
        Tensor.Create(dimensions, [.. Enumerable.Range(0, (int)dimensions.Aggregate(1L, (a, b) => a * b)).Select(i => 0.25f * (i % 11) - 1)]);
}
