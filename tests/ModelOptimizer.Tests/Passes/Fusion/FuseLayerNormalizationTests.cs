using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseLayerNormalizationTests
{
    private static readonly TensorType Cube = new(DataType.Float, Shape.Of(2, 3, 4));
    private static readonly FuseLayerNormalization Standard = new(new FuseOptions());
    private static readonly FuseLayerNormalization Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Cube, opsets: [17, 18, 21], missingOptional: WithoutBias);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Standard, row);

    // There the runtime crashes on an operator of its own in the standard domain.
    private static IEnumerable<TestCaseData> ContribRows => StandardRows.Of(Exported, Cube, opsets: [14, 9, 11, 16])
        .Where(row => row.Arguments[0]!.ToString() is not "in a function");

    [Test]
    public void Functions_get_no_operator_that_the_runtime_adds_to_the_standard_domain()
    {
        var g = new GraphBuilder(16) { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Pattern", 1, (f, inputs) => [Exported(f, inputs[0])]);
        g.Output("y", g.Op("local.Pattern", g.Input("x", Cube)));

        PassTester.Run(Contrib, g.Build()).Refuses("inside a function");
    }

    [TestCaseSource(nameof(ContribRows))]
    public void Standard_rows_with_contrib_operators(StandardRow row) => PassTester.Run(Contrib, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Case("Pow and Div", (g, x) => Affine(g, g.Op("Div", Deviation(g, x), Root(g, g.Op("Pow", Deviation(g, x), Number(g, 2)))))),
        Case("the deviation computed once", (g, x) =>
        {
            var d = Deviation(g, x);
            return Affine(g, g.Op("Div", d, Root(g, g.Op("Mul", d, d))));
        }),
        Case("a reciprocal", (g, x) => Affine(g, g.Op("Mul", Deviation(g, x), g.Op("Reciprocal", Root(g, Square(g, x)))))),
        Case("one divided by the root", (g, x) => Affine(g, g.Op("Mul", Deviation(g, x),
            g.Op("Div", Number(g, 1), Root(g, Square(g, x)))))),
        Case("the power of -1/2", (g, x) => Affine(g, g.Op("Mul", Deviation(g, x),
            g.Op("Pow", Variance(g, Square(g, x)), Number(g, -0.5f))))),
        Case("the scale in the reciprocal", (g, x) =>
            g.Op("Add", g.Op("Mul", Deviation(g, x), g.Op("Mul", g.Op("Reciprocal", Root(g, Square(g, x))), Scale(g))), Bias(g))),
        Case("TensorFlow's batch norm", (g, x) =>
        {
            var gain = g.Op("Mul", g.Op("Reciprocal", Root(g, Square(g, x))), Scale(g));
            return g.Op("Add", g.Op("Mul", x, gain), g.Op("Sub", Bias(g), g.Op("Mul", Mean(g, x), gain)));
        }),
        Case("parameters with leading axes", (g, x) => g.Op("Add", g.Op("Mul", Normalized(g, x), Vector(g, "scale", 1, 1, 4)),
            Vector(g, "bias", 1, 4))),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form)
    {
        var test = PassTester.Run(Standard, Model(form)).Leaves("LayerNormalization");

        var node = GraphWalker.Nodes(test.Model).Single();
        Assert.That(node.Inputs.Skip(1).Select(parameter => parameter!.Constant!.Dimensions.ToArray()), Is.All.EqualTo(new long[] { 4 }));
        Assert.That(node.Attributes.TryGetFloat("epsilon"), Is.EqualTo(1e-5f));
    }

    [Test]
    public void Without_a_scale_ones_scale() => PassTester.Run(Standard, Model(Normalized)).Leaves("LayerNormalization");

    /// <summary>The runtime takes the normalization after an Add for one with a bias, and the process crashes where it has none.</summary>
    [Test]
    public void The_runtime_survives_a_residual_before_a_normalization_without_bias()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, Shape.Of(1, 3, 4)));
        g.Output("y", Normalized(g, g.Op("Add", x, g.Op("Tanh", x))));
        var model = PassTester.Run(Standard, g.Build()).Leaves("Tanh", "Add", "LayerNormalization").Model;

        Assert.That(GraphWalker.Nodes(model).Last().Inputs, Has.Count.EqualTo(3).And.None.Null);
        using var session = PassContexts.Engine.Open(model, new SessionSettings(Optimize: true));
        Assert.That(session.Run(SampleInputs.Make(session.Inputs, seed: 0)), Has.None.Null);
    }

    [Test]
    public void A_bias_without_a_scale() => PassTester.Run(Standard, Model((g, x) => g.Op("Add", Normalized(g, x), Bias(g))))
        .Leaves("LayerNormalization");

    [TestCase(10)]
    [TestCase(100)]
    public void A_mean_far_from_zero_does_not_drown_the_variance(float mean)
    {
        var rows = Tensor.Create([2, 3, 4], [.. Enumerable.Range(0, 24).Select(i => mean + MathF.Sin(i * i))]);

        PassTester.Run(Standard, Model(Exported), new Dictionary<string, Tensor> { ["x"] = rows }).Leaves("LayerNormalization");
    }

    [Test]
    public void Two_axes_that_the_exporter_counts_from_the_front()
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", Cube);
        var d = g.Op("Sub", x, g.Op("ReduceMean", [x], ("axes", new long[] { 1, 2 })));
        var variance = g.Op("ReduceMean", [g.Op("Mul", d, d)], ("axes", new long[] { 1, 2 }));
        var normalized = g.Op("Div", d, g.Op("Sqrt", g.Op("Add", variance, Number(g, 1e-5f))));
        g.Output("y", g.Op("Mul", normalized, Vector(g, "scale", 3, 4)));

        var test = PassTester.Run(Standard, g.Build()).Leaves("LayerNormalization");
        Assert.That(GraphWalker.Nodes(test.Model).Single().Attributes.TryGetInt("axis"), Is.EqualTo(-2));
    }

    [Test]
    public void Parameters_may_be_fed()
    {
        var g = new GraphBuilder(17);
        var normalized = Normalized(g, g.Input("x", DataType.Float, "n", "width"));
        g.Output("y", g.Op("Add", g.Op("Mul", normalized, g.Input("scale", DataType.Float, "width")),
            g.Input("bias", DataType.Float, "width")));

        PassTester.Run(Standard, g.Build()).Leaves("LayerNormalization");
    }

    [Test]
    public void A_residual_behind_it_stays_an_addition()
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", Cube);
        g.Output("y", g.Op("Add", g.Op("Mul", Normalized(g, x), Scale(g)), g.Input("residual", Cube)));

        PassTester.Run(Standard, g.Build()).Leaves("LayerNormalization", "Add");
    }

    [TestCase(new long[] { 5, 1, 1, 4 }, TestName = "A factor that stretches the result stays a multiplication")]
    [TestCase(new long[] { 3, 1 }, TestName = "A factor for each row stays a multiplication")]
    public void Other_factors_stay(long[] dimensions) =>
        PassTester.Run(Standard, Model((g, x) => g.Op("Mul", Normalized(g, x), Vector(g, "factor", dimensions))))
            .Leaves("LayerNormalization", "Mul");

    private static IEnumerable<TestCaseData> NearMisses =>
    [
        Case("a scale for each row in TensorFlow's form", (g, x) =>
        {
            var gain = g.Op("Mul", g.Op("Reciprocal", Root(g, Square(g, x))), Vector(g, "scale", 3, 1));
            return g.Op("Add", g.Op("Mul", x, gain), g.Op("Sub", Bias(g), g.Op("Mul", Mean(g, x), gain)));
        }, "'scale' is not known to have the shape of the normalized axes"),
        Case("means over other axes", (g, x) =>
        {
            var d = g.Op("Sub", x, g.Op("ReduceMean", [x], ("axes", new long[] { 1 })));
            var variance = g.Op("ReduceMean", [g.Op("Mul", d, d)], ("axes", new long[] { 1 }));
            return g.Op("Div", d, g.Op("Sqrt", g.Op("Add", variance, Number(g, 1e-5f))));
        }, "its means are not known to be those over the last axes"),
        Case("an exponent that adds an axis", (g, x) =>
            g.Op("Div", Deviation(g, x), Root(g, g.Op("Pow", Deviation(g, x), g.Initializer("two", Tensor.Create([1, 1, 1, 1], 2L))))),
            "its means are not known to be those over the last axes"),
        Case("means over different axes", (g, x) =>
        {
            var d = g.Op("Sub", x, g.Op("ReduceMean", [x], ("axes", new long[] { 1, 2 })));
            return g.Op("Div", d, Root(g, g.Op("Mul", d, d)));
        }, "its means are not known to be those over the last axes"),
    ];

    [TestCaseSource(nameof(NearMisses))]
    public void Refuses(Func<GraphBuilder, Value, Value> form, string reason) => PassTester.Run(Standard, Model(form)).Refuses(reason);

    [Test]
    public void An_unknown_width_without_a_scale_is_refused()
    {
        var g = new GraphBuilder(17);
        g.Output("y", Normalized(g, g.Input("x", DataType.Float, "n", "width")));

        PassTester.Run(Standard, g.Build()).Refuses("the length of the normalized axes is not fixed");
    }

    [Test]
    public void Doubles_are_refused()
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", DataType.Double, 2, 4);
        var d = Deviation(g, x);
        var variance = g.Op("Add", Mean(g, g.Op("Mul", d, d)), g.Initializer("epsilon", Tensor.Create(DataType.Double, [], [1e-5])));
        g.Output("y", g.Op("Div", d, g.Op("Sqrt", variance)));

        PassTester.Run(Standard, g.Build()).Refuses("the runtime normalizes float and float16, and this is double");
    }

    [Test]
    public void An_opset_without_the_operator_is_told() => PassTester.Run(Standard, Model(Exported, opset: 14))
        .Refuses("opset 14 has no LayerNormalization: upgrade-opset to 17 or format: contrib would do");

    [Test]
    public void A_mean_that_is_an_output_stays()
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", Cube);
        var mean = Mean(g, x);
        var d = g.Op("Sub", x, mean);
        g.Output("mean", mean);
        g.Output("y", g.Op("Div", d, Root(g, g.Op("Mul", d, d))));

        PassTester.Run(Standard, g.Build()).Refuses("within is read elsewhere too");
    }

    /// <summary>As TorchScript exports it; from opset 18 on the axes are an input.</summary>
    private static Value Exported(GraphBuilder g, Value x) => g.Op("Add", WithoutBias(g, x),
        g.Weight("bias", Tensor.Create([4], 0.1f, -0.2f, 0.3f, 0.4f)));

    private static Value WithoutBias(GraphBuilder g, Value x)
    {
        var d = g.Op("Sub", x, Mean(g, x));
        var variance = Mean(g, g.Op("Pow", d, g.Weight("two", Tensor.Create([], 2f))));
        var root = g.Op("Sqrt", g.Op("Add", variance, g.Weight("epsilon", Tensor.Create([], 1e-5f))));
        return g.Op("Mul", g.Op("Div", d, root), g.Weight("scale", Tensor.Create([4], 1f, 0.5f, -1f, 2f)));
    }

    private static Value Affine(GraphBuilder g, Value normalized) => g.Op("Add", g.Op("Mul", normalized, Scale(g)), Bias(g));

    private static Value Normalized(GraphBuilder g, Value x) => g.Op("Div", Deviation(g, x), Root(g, Square(g, x)));

    private static Value Root(GraphBuilder g, Value squares) => g.Op("Sqrt", Variance(g, squares));

    private static Value Variance(GraphBuilder g, Value squares) => g.Op("Add", Mean(g, squares), Number(g, 1e-5f));

    private static Value Square(GraphBuilder g, Value x) => g.Op("Pow", Deviation(g, x), Number(g, 2));

    private static Value Deviation(GraphBuilder g, Value x) => g.Op("Sub", x, Mean(g, x));

    private static Value Mean(GraphBuilder g, Value x) => g.Opset >= 18
        ? g.Op("ReduceMean", x, g.Weight("axes", Tensor.Create([1], -1L)))
        : g.Op("ReduceMean", [x], ("axes", new long[] { -1 }));

    private static Value Scale(GraphBuilder g) => Vector(g, "scale", 4);

    private static Value Bias(GraphBuilder g) => Vector(g, "bias", 4);

    private static Value Vector(GraphBuilder g, string name, params long[] dimensions) => g.Initializer(name, dimensions,
        [.. Enumerable.Range(0, (int)dimensions.Aggregate((product, length) => product * length)).Select(i => 1 - 0.25f * i)]);

    private static Value Number(GraphBuilder g, float number) => g.Initializer("number", [], number);

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> form, long opset = 17)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", form(g, g.Input("x", Cube)));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> form, params string[] reason) =>
        new TestCaseData([form, .. reason]).SetArgDisplayNames(name);
}
