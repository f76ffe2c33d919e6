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
        Case("Max of the same", (g, x) => g.Op("Max", x, x)),
        Case("Mul by one", (g, x) => g.Op("Mul", x, g.Initializer("one", [], 1f))),
        Case("Mul by a row of ones, first", (g, x) => g.Op("Mul", g.Initializer("ones", [3], 1f, 1f, 1f), x)),
        Case("Div by one", (g, x) => g.Op("Div", x, g.Initializer("one", [1], 1f))),
        Case("first power", (g, x) => g.Op("Pow", x, g.Initializer("one", [], 1f))),
        Case("Sub of zero", (g, x) => g.Op("Sub", x, g.Initializer("zero", [], 0f))),
        Case("Add of negative zero", (g, x) => g.Op("Add", g.Initializer("zero", [1, 1], -0f), x)),
        Case("Where that always takes the first", (g, x) => g.Op("Where", g.Initializer("yes", Bool(true)), x, g.Initializer("other", [3], 1f, 2f, 3f))),
        Case("Where that never takes the first", (g, x) => g.Op("Where", g.Initializer("no", Bool(false)), g.Initializer("other", [], 1f), x)),
        Case("Where of the same", (g, x) => g.Op("Where", g.Input("c", DataType.Bool, 1, 3), x, x)),
        Case("CastLike the same type", (g, x) => g.Op("CastLike", x, x)),
        Case("Squeeze of nothing", (g, x) => g.Op("Squeeze", x)),
        Case("Gather of all", (g, x) => g.Op("Gather", [x, g.Int64s("all", 0, 1, 2)], ("axis", 1))),
        Case("Resize to the same size", (g, x) => g.Op("Resize", [x, null, null, g.Int64s("sizes", 2, 3)], ("mode", "linear"))),
        Case("Resize by one", (g, x) => g.Op("Resize", [x, null, g.Initializer("scales", [2], 1f, 1f)], ("mode", "linear"))),
        Case("Upsample by one", (g, x) => g.Op("Upsample", x, g.Initializer("scales", [2], 1f, 1f)), opset: 9),
        Case("parts of a Split", (g, x) => g.Node("Split", [x, g.Int64s("parts", 1, 2)], 2, ("axis", -1)) is var split ? g.Op("Concat", [split.Output(0), split.Output(1)], ("axis", 1)) : x, left: "Split"),
        Case("parts by Slices", (g, x) => g.Op("Concat", [Cut(g, x, 1, 0, 2), Cut(g, x, 1, 2, long.MaxValue)], ("axis", -1)), left: "Slice Slice"),
        Case("Neg twice", (g, x) => g.Op("Neg", g.Op("Neg", x)), left: "Neg"),
        Case("Relu twice", (g, x) => g.Op("Relu", g.Op("Relu", x)), left: "Relu"),
        Case("Round of Floor", (g, x) => g.Op("Round", g.Op("Floor", x)), left: "Floor"),
        Case("ReduceMax of axes of one element", (g, x) => g.Op("ReduceMax", [g.Op("Sign", g.Input("row", DataType.Float, 1, 3))], ("axes", new long[1])), left: "Sign"),
        Case("Split into one", (g, x) => g.Node("Split", [x], 1, ("axis", 0)).Output(), opset: 11),
    ];

    [TestCaseSource(nameof(NoOps))]
    public void Takes_away(Func<GraphBuilder, Value, Value> noOp, long opset, string left) =>
        PassTester.Run(new EliminateIdentity(), Between(noOp, opset)).Leaves(["Exp", .. left.Split(' ', StringSplitOptions.RemoveEmptyEntries), "Abs"]);

    private static IEnumerable<TestCaseData> Workers =>
    [
        Worker("Cast to another type", (g, x) => g.Op("Cast", [x], ("to", (long)DataType.Double))),
        Worker("Reshape to another shape", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 3, 2))),
        Worker("Reshape to a vector", (g, x) => g.Op("Reshape", x, g.Int64s("shape", -1))),
        Worker("Reshape that adds an axis", (g, x) => g.Op("Reshape", x, g.Int64s("shape", 0, -1, 1))),
        Worker("Transpose", (g, x) => g.Op("Transpose", x)),
        Worker("Flatten to one row", (g, x) => g.Op("Flatten", [x], ("axis", 0))),
        Worker("Expand to more axes", (g, x) => g.Op("Expand", x, g.Int64s("shape", 1, 1, 1))),
        Worker("Expand to an unknown shape", (g, x) => g.Op("Expand", x, g.Op("Shape", g.Input("like", DataType.Float, "n", 2, 3)))),
        Worker("Tile twice", (g, x) => g.Op("Tile", x, g.Int64s("repeats", 1, 2))),
        Worker("Pad", (g, x) => g.Op("Pad", x, g.Int64s("pads", 0, 0, 0, 1))),
        Worker("Slice from the second on", (g, x) => g.Op("Slice", x, g.Int64s("starts", 1), g.Int64s("ends", long.MaxValue))),
        Worker("Slice of every second", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0), g.Int64s("ends", 3), g.Int64s("axes", 1), g.Int64s("steps", 2))),
        Worker("Slice backwards", (g, x) => g.Op("Slice", x, g.Int64s("starts", 0), g.Int64s("ends", long.MaxValue), g.Int64s("axes", 1), g.Int64s("steps", -1))),
        Worker("Mul by almost one", (g, x) => g.Op("Mul", x, g.Initializer("ones", [3], 1f, 1f, 1.0000001f))),
        Worker("Mul by ones that add rows", (g, x) => g.Op("Mul", g.Op("Exp", g.Input("row", DataType.Float, 1, 3)), g.Initializer("ones", [2, 1], 1f, 1f))),
        Worker("Mul by ones that add an axis", (g, x) => g.Op("Mul", x, g.Initializer("ones", [1, 1, 1], 1f))),
        Worker("Add of zero, which makes +0 of -0", (g, x) => g.Op("Add", x, g.Initializer("zero", [], 0f))),
        Worker("Sub from zero", (g, x) => g.Op("Sub", g.Initializer("zero", [], 0f), x)),
        Worker("Sub of negative zero", (g, x) => g.Op("Sub", x, g.Initializer("zero", [], -0f))),
        Worker("one divided", (g, x) => g.Op("Div", g.Initializer("one", [], 1f), x)),
        Worker("one to a power", (g, x) => g.Op("Pow", g.Initializer("one", [], 1f), x)),
        Worker("Where of a condition that varies", (g, x) => g.Op("Where", g.Initializer("some", Tensor.Create(DataType.Bool, [3], [true, false, true])), x, g.Initializer("other", [], 1f))),
        Worker("Where that a larger condition repeats", (g, x) => g.Op("Where", g.Initializer("yes", Tensor.Create(DataType.Bool, [2, 1, 1], [true, true])), x, g.Initializer("other", [], 1f))),
        Worker("Neg of Abs", (g, x) => g.Op("Neg", g.Op("Abs", x))),
        Worker("Relu of Exp", (g, x) => g.Op("Relu", x)),
        Worker("ReduceSum of one element, which may lose -0", (g, x) => g.Op("ReduceSum", g.Input("row", DataType.Float, 1, 3), g.Int64s("axes", 0))),
        Worker("Gather of all, backwards", (g, x) => g.Op("Gather", [x, g.Int64s("all", 2, 1, 0)], ("axis", 1))),
        Worker("parts of a Split in another order", (g, x) => g.Node("Split", [x, g.Int64s("parts", 1, 2)], 2, ("axis", -1)) is var split ? g.Op("Concat", [split.Output(1), split.Output(0)], ("axis", 1)) : x),
        Worker("parts by Slices that overlap", (g, x) => g.Op("Concat", [Cut(g, x, 1, 0, 2), Cut(g, x, 1, 1, long.MaxValue)], ("axis", 1))),
        Worker("parts by Slices that miss the end", (g, x) => g.Op("Concat", [Cut(g, x, 1, 0, 1), Cut(g, x, 1, 1, 2)], ("axis", 1))),
        Worker("parts along another axis", (g, x) => g.Node("Split", [x, g.Int64s("parts", 1, 1)], 2, ("axis", 0)) is var split ? g.Op("Concat", [split.Output(0), split.Output(1)], ("axis", 1)) : x),
        Worker("parts of which one is none", (g, x) => g.Op("Cast", [x], ("to", (long)DataType.Int64)) is var whole
            ? g.Op("Concat", [Cut(g, whole, 0, 0, 1), g.Op("Clip", whole, Scalar(g, 1), Scalar(g, 9))], ("axis", 0))
            : x),
        Worker("Resize to another size", (g, x) => g.Op("Resize", [x, null, null, g.Int64s("sizes", 2, 6)], ("mode", "linear"))),
        Worker("Concat of two", (g, x) => g.Op("Concat", [x, x], ("axis", 0))),
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
    public void A_Clip_without_bounds_makes_infinity_finite()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Clip", g.Op("Exp", g.Input("x", Matrix))));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("infinity");
    }

    [Test]
    public void A_Clip_of_integers_without_bounds_goes()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Clip", g.Op("Abs", g.Input("x", DataType.Int64, 3))));

        PassTester.Run(new EliminateIdentity(), g.Build()).Leaves("Abs");
    }

    [Test]
    public void Integers_have_one_zero_only()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Op("Abs", g.Input("x", DataType.Int64, 3)), g.Int64s("zero", 0)));

        PassTester.Run(new EliminateIdentity(), g.Build()).Leaves("Abs");
    }

    [Test]
    public void Flags_beside_a_unit_go()
    {
        var g = new GraphBuilder();
        var flag = g.Op("Not", g.Input("x", DataType.Bool, 3));
        var and = g.Op("And", g.Initializer("yes", Bool(true)), flag);
        g.Output("y", g.Op("Not", g.Op("Or", g.Op("Xor", and, g.Initializer("no", Bool(false))), g.Initializer("no", Bool(false)))));

        PassTester.Run(new EliminateIdentity(), g.Build()).Leaves("Not", "Not");
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

    [Test]
    public void Parts_along_an_axis_that_the_caller_names_are_left_alone()
    {
        var g = new GraphBuilder();
        g.Function("local", "Swap", 1, (f, inputs) =>
        {
            var split = f.FromCaller<long>(f.Node("Split", [inputs[0]], 2), "axis");
            return [f.Op("Concat", [split.Output(0), split.Output(1)], ("axis", 0))];
        });
        g.Output("y", g.Op("local.Swap", [g.Input("x", DataType.Float, 2, 4)], ("axis", 1)));

        PassTester.Run(new EliminateIdentity(), g.Build()).Refuses("an attribute comes from the function's caller");
    }

    /// <summary>The runtime takes them for all axes of length 1.</summary>
    [TestCase(17)]
    [TestCase(12)]
    public void Squeeze_of_no_axes_squeezes_all(long opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Op("Exp", g.Input("x", DataType.Float, 1, 3));
        var squeezed = opset < 13 ? g.Op("Squeeze", [x], ("axes", Array.Empty<long>())) : g.Op("Squeeze", x, g.Int64s("none"));
        g.Output("y", g.Op("Abs", squeezed));
        g.Output("rank", g.Op("Shape", g.Op("Shape", squeezed)));

        PassTester.Run(new EliminateIdentity(), g.Build()).Ignores();
        PassTester.Run(new FoldShape(), g.Build());
    }

    [Test]
    public void Resize_may_name_axes_in_another_order()
    {
        var g = new GraphBuilder(opset: 18);
        var x = g.Op("Exp", g.Input("x", DataType.Float, 1, 1, 2, 3));
        g.Output("y", g.Op("Resize", [x, null, null, g.Int64s("sizes", 1, 1, 2, 3)], ("axes", new long[] { 0, 1, 3, 2 })));

        PassTester.Run(new EliminateIdentity(), g.Build()).Ignores();
    }

    private static OnnxModel Between(Func<GraphBuilder, Value, Value> middle, long opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Abs", middle(g, g.Op("Exp", g.Input("x", Matrix)))));
        return g.Build();
    }

    /// <param name="left">The operators before it that nothing reads any more; dead nodes are another pass's business.</param>
    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build, long opset = 17, string left = "") =>
        new TestCaseData(build, opset, left).SetArgDisplayNames(name);

    private static TestCaseData Worker(string name, Func<GraphBuilder, Value, Value> build) => new TestCaseData(build, 17L).SetArgDisplayNames(name);

    private static Value Cut(GraphBuilder g, Value x, long axis, long from, long to) =>
        g.Op("Slice", x, g.Int64s("from", from), g.Int64s("to", to), g.Int64s("axis", axis));

    private static Value Scalar(GraphBuilder g, long element) => g.Initializer("scalar", Tensor.Create([], element));

    private static Tensor Int64s(params long[] elements) => Tensor.Create([elements.Length], elements);

    private static Tensor Bool(bool value) => Tensor.Create(DataType.Bool, [], [value]);
}
