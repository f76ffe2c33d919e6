using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

public sealed class DynamicConvTests
{
    private static readonly TensorType X = new(DataType.Float, Shape.Of(2, 6, 9, 7));
    private static readonly QuantizeDynamic OnRequest = new(new() { Prefer = Preference.Size, Operators = ["Conv"] });
    private static readonly Tolerance IntegerActivations = new(0.03);

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Conv", [x, Kernel(g, 6), Bias(g)], ("pads", new long[] { 1, 1, 1, 1 })), X, [17, 11, 21],
        missingOptional: (g, x) => g.Op("Conv", x, Kernel(g, 6)));

    [TestCaseSource(nameof(Rows))]
    public void Takes_convolutions_on_request(StandardRow row) => PassTester.Run(OnRequest, row);

    [TestCase("auto_pad", "SAME_UPPER")]
    [TestCase("strides", new long[] { 2, 2 })]
    [TestCase("dilations", new long[] { 2, 1 })]
    [TestCase("group", 2)]
    [TestCase("group", 6)]
    public void Attributes_survive(string attribute, object value)
    {
        var g = new GraphBuilder();
        var groups = value is int number ? number : 1;
        g.Output("y", g.Op("Conv", [g.Input("x", X), Kernel(g, 6 / groups), g.Input("b", DataType.Float, 24)], (attribute, value)));

        var test = PassTester.Run(OnRequest, g.Build(), tolerance: IntegerActivations);

        test.Leaves("DynamicQuantizeLinear", "ConvInteger", "Cast", "Mul", "Mul", "Reshape", "Add");
    }

    [TestCase("Conv", 1)]
    [TestCase("MatMul", 0)]
    public void Who_asks_for_convolutions_is_warned(string operators, int warnings)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", [g.Input("x", X), Kernel(g, 6)]));
        var diagnostics = new DiagnosticBag();

        PassContexts.Run(g.Build(), diagnostics, int.MaxValue, new QuantizeDynamic(new() { Prefer = Preference.Size, Operators = [operators] }));

        Assert.That(diagnostics.Diagnostics.Count(d => d.Code == "MO4040"), Is.EqualTo(warnings));
    }

    [Test]
    public void The_advice_to_name_convolutions_keeps_all_others()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Op("Conv", g.Input("x", X), Kernel(g, 6)), g.Weight("w", Tensor.Create([5, 40], Weights.Random(200)))));

        var test = PassTester.Run(new QuantizeDynamic(new()), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Log.Weights.Select(weight => weight.Refusal), Has.Some.Contains("'operators: [MatMul, Conv]'"));
    }

    [Test]
    public void The_result_keeps_its_name_and_the_float_bias_goes()
    {
        var g = new GraphBuilder();
        var features = g.Op("Conv", g.Input("x", X), Kernel(g, 6), Bias(g));
        features.Name = "features";
        g.Output("y", g.Op("Abs", features));

        var test = PassTester.Run(OnRequest, g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Model.Graph.Nodes.Single(node => node.Is("Abs")).Input(0)!.Name, Is.EqualTo("features"));
        Assert.That(test.Initializers.Where(constant => constant.Uses.Count == 0), Is.Empty);
    }

    [Test]
    public void ConvTranspose_is_refused()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("ConvTranspose", [g.Input("x", X), g.Weight("k", Tensor.Create([6, 24, 3, 3], Weights.Random(6 * 24 * 9)))]));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.StartWith("ONNX Runtime has no kernel for ConvTranspose"));
    }

    private static Value Kernel(GraphBuilder g, int inputs) => g.Weight("k", Tensor.Create([24, inputs, 3, 3], Weights.Random(24 * inputs * 9)));

    private static Value Bias(GraphBuilder g) => g.Weight("b", Tensor.Create([24], Weights.Random(24, 2)));
}
