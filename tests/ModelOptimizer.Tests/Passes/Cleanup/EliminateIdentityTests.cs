using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateIdentityTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Pad", g.Op("Exp", x), g.Weight("none", Int64s(0, 0, 0, 0))), Matrix,
        opsets: [17, 11, 13, 18], missingOptional: (g, x) => g.Op("Dropout", g.Op("Exp", x), null, null));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(new EliminateIdentity(), row);

    private static IEnumerable<TestCaseData> NoOps =>
    [
        Case("Identity", (g, x) => g.Op("Identity", x)),
        Case("Dropout at opset 7", (g, x) => g.Op("Dropout", [x], ("ratio", 0.5f)), opset: 7),
        Case("Dropout at opset 10", (g, x) => g.Op("Dropout", [x], ("ratio", 0.5f)), opset: 10),
        Case("Dropout with its training mode off", (g, x) => g.Op("Dropout", x, g.Initializer("ratio", [], 0.5f), g.Initializer("off", Bool(false)))),
        Case("Dropout with an unused mask", (g, x) => g.Node("Dropout", [x], outputs: 2).Output()),
        Case("Cast to the same type", (g, x) => g.Op("Cast", [x], ("to", (long)DataType.Float))),
        Case("Reshape to the same shape", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 2, 3))),
        Case("Reshape that copies and finds out", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 0, -1))),
        Case("Reshape whose result has the same shape", (g, x) => g.Op("Reshape", x, g.Int64s("shape", -1, 3))),
        Case("Flatten of a matrix", (g, x) => g.Op("Flatten", x)),
        Case("Transpose to the same order", (g, x) => g.Op("Transpose", [x], ("perm", new long[] { 0, 1 }))),
        Case("Expand by ones", (g, x) => g.Op("Expand", x, g.Int64s("shape", 1))),
        Case("Expand to the same shape", (g, x) => g.Op("Expand", x, g.Int64s("shape", 2, 3))),
        Case("Tile once", (g, x) => g.Op("Tile", x, g.Int64s("repeats", 1, 1))),
        Case("Pad by nothing", (g, x) => g.Op("Pad", x, g.Int64s("pads", 0, 0, 0, 0))),
        Case("Pad by nothing at opset 10", (g, x) => g.Op("Pad", [x], ("pads", new long[4])), opset: 10),
        Case("Slice of all", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0), g.Int64s("ends", long.MaxValue), g.Int64s("axes", 1))),
        Case("Slice of the whole length", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0, 0), g.Int64s("ends", 2, 3))),
        Case("Slice of all at opset 9", (g, x) => g.Op("Slice", [x], ("starts", new long[1]), ("ends", new long[] { int.MaxValue })), opset: 9),
        Case("Concat of one", (g, x) => g.Op("Concat", [x], ("axis", 0))),
        Case("Max of one", (g, x) => g.Op("Max", x)),
        Case("Split into one", (g, x) => g.Node("Split", [x], 1, ("axis", 0)).Output(), opset: 11),
    ];

    [TestCaseSource(nameof(NoOps))]
    public void Takes_away(Func<GraphBuilder, Value, Value> noOp, long opset) =>
        PassTester.Run(new EliminateIdentity(), Between(noOp, opset)).Leaves("Exp", "Abs");

    private static IEnumerable<TestCaseData> Workers =>
    [
        Case("Cast to another type", (g, x) => g.Op("Cast", [x], ("to", (long)DataType.Double))),
        Case("Reshape to another shape", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 3, 2))),
        Case("Reshape to a vector", (g, x) => g.Op("Reshape", x, g.Int64s("shape", -1))),
        Case("Reshape that adds an axis", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 0, -1, 1))),
        Case("Transpose", (g, x) => g.Op("Transpose", x)),
        Case("Flatten to one row", (g, x) => g.Op("Flatten", [x], ("axis", 0))),
        Case("Expand to more axes", (g, x) => g.Op("Expand", x, g.Int64s("shape", 1, 1, 1))),
        Case("Expand to an unknown shape", (g, x) => g.Op("Expand", x, g.Op("Shape", g.Input("like", DataType.Float, "n", 3)))),
        Case("Tile twice", (g, x) => g.Op("Tile", x, g.Int64s("repeats", 1, 2))),
        Case("Pad", (g, x) => g.Op("Pad", x, g.Int64s("pads", 0, 0, 0, 1))),
        Case("Slice from the second on", (g, x) => g.Op("Slice", x, g.Int64s("starts", 1), g.Int64s("ends", long.MaxValue))),
        Case("Slice of every second", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0), g.Int64s("ends", 3), g.Int64s("axes", 1), g.Int64s("steps", 2))),
        Case("Slice backwards", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0), g.Int64s("ends", long.MaxValue), g.Int64s("axes", 1), g.Int64s("steps", -1))),
        Case("Concat of two", (g, x) => g.Op("Concat", [x, x], ("axis", 0))),
    ];

    [TestCaseSource(nameof(Workers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> worker, long opset) =>
        PassTester.Run(new EliminateIdentity(), Between(worker, opset)).Ignores();

    [Test]
    public void An_axis_that_comes_from_a_functions_caller_is_no_default()
    {
        var g = new GraphBuilder();
        g.Function("local", "AddRow", 1, (f, inputs) =>
        {
            var flatten = f.FromCaller<long>(f.Node("Flatten", [f.Constant(Tensor.Create([2, 3], 1f, 2f, 3f, 4f, 5f, 6f))]), "axis");
            return [f.Op("Add", inputs[0], flatten.Output())];
        });
        g.Output("y", g.Op("local.AddRow", [g.Input("x", DataType.Float, 1, 1)], ("axis", 0L)));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("an attribute comes from the function's caller");
    }

    [Test]
    public void A_mask_that_is_read_keeps_the_Dropout()
    {
        var g = new GraphBuilder();
        var dropout = g.Node("Dropout", [g.Op("Exp", g.Input("x", Matrix))], outputs: 2);
        g.Output("y", dropout.Output());
        g.Output("mask", dropout.Output(1));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("its second output is used");
    }

    [Test]
    public void A_training_mode_that_callers_choose_keeps_the_Dropout()
    {
        var g = new GraphBuilder();
        var mode = g.InputWithDefault("training", Bool(false));
        g.Output("y", g.Op("Dropout", g.Op("Exp", g.Input("x", Matrix)), g.Initializer("ratio", [], 0f), mode));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("'training' may turn training mode on");
    }

    [Test]
    public void An_input_that_is_an_output_needs_its_node()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Identity", g.Input("x", Matrix)));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("carries 'x' to a graph output");
    }

    [Test]
    public void A_branch_that_hands_out_an_outer_value_needs_its_node()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("Identity", x)], otherwise => [otherwise.Op("Exp", x)]).Output());

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("where the format needs a node");
    }

    [Test]
    public void Runs_in_a_chain_vanish_at_once()
    {
        var g = new GraphBuilder();
        var x = g.Op("Exp", g.Input("x", Matrix));
        g.Output("y", g.Op("Identity", g.Op("Identity", g.Op("Cast", [x], ("to", (long)DataType.Float)))));

        PassTester.Run(new EliminateIdentity(), g.Build()).Leaves("Exp");
    }

    private static OnnxModel Between(Func<GraphBuilder, Value, Value> middle, long opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Abs", middle(g, g.Op("Exp", g.Input("x", Matrix)))));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build, long opset = 17) =>
        new TestCaseData(build, opset).SetArgDisplayNames(name);

    private static Tensor Int64s(params long[] elements) => Tensor.Create([elements.Length], elements);

    private static Tensor Bool(bool value) => Tensor.Create(DataType.Bool, [], [value]);
}
