using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

public sealed class DynamicLstmTests
{
    private const int Steps = 5;
    private const int Batch = 2;
    private static readonly Tolerance IntegerActivations = new(0.03);

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("LSTM", [x, .. Constants(g, 1, 24, 20)], ("hidden_size", 20)), new(DataType.Float, Shape.Of(Steps, Batch, 24)), [17, 7, 11, 14, 22],
        missingOptional: (g, x) => g.Op("LSTM", [x, .. Constants(g, 1, 24, 20)[..2]], ("hidden_size", 20)));

    [TestCaseSource(nameof(Rows))]
    public void Keeps_an_LSTM_within_8_bits(StandardRow row)
    {
        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row);
        Assert.That(test.Operators.Contains("LSTM"), Is.EqualTo(!row.MayRewrite));
    }

    [Test]
    public void Directions_and_odd_sizes([Values("forward", "reverse", "bidirectional")] string direction, [Values(1, 7, 33)] int inputs, [Values(9, 16)] int hidden)
    {
        var directions = direction == "bidirectional" ? 2 : 1;
        var g = new GraphBuilder();
        var node = g.Node("LSTM", [g.Input("x", DataType.Float, Steps, Batch, inputs), .. Constants(g, directions, inputs, hidden)], 3, ("hidden_size", hidden), ("direction", direction));
        for (var i = 0; i < 3; i++)
            g.Output($"y{i}", node.Output(i));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        if (inputs > 1)
            test.Leaves("DynamicQuantizeLSTM");
        else
            Assert.That(test.Log.Weights, Has.All.Matches<WeightDecision>(weight => weight!.Refusal!.StartsWith("too small", StringComparison.Ordinal)));
    }

    /// <summary>One optional input or attribute after the other, then all of them.</summary>
    [Test]
    public void Optional_inputs_and_attributes([Values("lengths", "states", "peepholes", "clip", "input_forget", "activations", "all")] string what, [Values(1, 2)] int directions)
    {
        const int inputs = 12, hidden = 18;
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Steps, Batch, inputs);
        Value? Optional(string name, Func<Value> make) => what == name || what == "all" ? make() : null;
        var lengths = Optional("lengths", () => g.Initializer("lengths", Tensor.Create(DataType.Int32, [Batch], new[] { 3, 5 })));
        var state = Optional("states", () => g.Initializer("h", [directions, Batch, hidden], Weights.Random(directions * Batch * hidden, 5)));
        var cell = Optional("states", () => g.Input("c", DataType.Float, directions, Batch, hidden));
        var peepholes = Optional("peepholes", () => g.Initializer("p", [directions, 3 * hidden], Weights.Random(directions * 3 * hidden, 6)));
        var attributes = new List<(string, object)> { ("hidden_size", hidden), ("direction", directions == 2 ? "bidirectional" : "reverse") };
        if (what is "clip" or "all")
            attributes.Add(("clip", 1.5f));
        if (what is "input_forget" or "all")
            attributes.Add(("input_forget", 1));
        if (what is "activations" or "all")
            attributes.Add(("activations", Enumerable.Repeat(new[] { "HardSigmoid", "Tanh", "Relu" }, directions).SelectMany(names => names).ToArray()));
        var node = g.Node("LSTM", [x, .. Constants(g, directions, inputs, hidden), lengths, state, cell, peepholes], 3, [.. attributes]);
        for (var i = 0; i < 3; i++)
            g.Output($"y{i}", node.Output(i));

        PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: new(0.06)).Leaves("DynamicQuantizeLSTM");
    }

    [Test]
    public void Outputs_that_are_left_out_stay_so()
    {
        var g = new GraphBuilder();
        var node = g.Node("LSTM", [g.Input("x", DataType.Float, Steps, Batch, 24), .. Constants(g, 1, 24, 20)], 3, ("hidden_size", 20));
        node.ClearOutput(0);
        node.ClearOutput(2);
        g.Output("h", node.Output(1));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations).Leaves("DynamicQuantizeLSTM");

        Assert.That(test.Model.Graph.Nodes.First!.Outputs.Select(output => output is null), Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public void Weights_that_two_LSTMs_share_are_stored_once()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Steps, Batch, 20);
        var weights = Constants(g, 1, 20, 20);
        g.Output("a", g.Op("LSTM", [x, .. weights], ("hidden_size", 20)));
        // The recurrence of the first is the input weight of nobody else; the second has its own.
        g.Output("b", g.Op("LSTM", [g.Op("Abs", x), weights[0], g.Weight("r2", Stack(1, 20, 20, 9))], ("hidden_size", 20)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators, Is.EqualTo(new[] { "DynamicQuantizeLSTM", "Abs", "DynamicQuantizeLSTM" }));
        Assert.That(test.Initializers.Count(value => value.Initializer!.ElementType == DataType.Int8 && value.Initializer.Dimensions.Length == 3), Is.EqualTo(3));
        Assert.That(test.Log.Weights.Select(weight => weight.Form), Has.Exactly(3).EqualTo("int8 per channel as com.microsoft.DynamicQuantizeLSTM"));
    }

    [Test]
    public void Refuses_both_weights_when_one_of_them_is_needed_as_floats()
    {
        var g = new GraphBuilder();
        var weights = Constants(g, 1, 20, 20);
        g.Output("a", g.Op("LSTM", [g.Input("x", DataType.Float, Steps, Batch, 20), .. weights], ("hidden_size", 20)));
        g.Output("w", g.Op("Abs", weights[1]));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Select(weight => weight.Refusal), Has.Exactly(2).Contains("Abs").And.Exactly(2).Contains("as floats"));
    }

    [Test]
    public void Refuses_weights_that_are_computed()
    {
        var g = new GraphBuilder();
        var weights = Constants(g, 1, 20, 20);
        g.Output("a", g.Op("LSTM", [g.Input("x", DataType.Float, Steps, Batch, 20), weights[0], g.Op("Abs", g.Input("r", DataType.Float, 1, 80, 20))], ("hidden_size", 20)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.StartWith("the other weight of LSTM").And.EndsWith("is not constant"));
        Assert.That(test.Log.Refusals.Single().Why, Does.Contain("is computed"));
    }

    [TestCase("GRU", 3)]
    [TestCase("RNN", 1)]
    public void Recurrent_layers_without_an_8_bit_kernel_are_refused(string opType, int gates)
    {
        var g = new GraphBuilder();
        var (w, r) = (Tensor.Create([1, gates * 20, 24], Weights.Random(gates * 20 * 24)), Tensor.Create([1, gates * 20, 20], Weights.Random(gates * 20 * 20)));
        g.Output("y", g.Op(opType, [g.Input("x", DataType.Float, Steps, Batch, 24), g.Weight("w", w), g.Weight("r", r)], ("hidden_size", 20)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Select(weight => weight.Refusal), Has.Exactly(2).StartsWith($"ONNX Runtime has no 8-bit kernel for {opType}"));
    }

    private static Value[] Constants(GraphBuilder g, int directions, int inputs, int hidden) =>
    [
        g.Weight("w", Stack(directions, inputs, hidden, 1)),
        g.Weight("r", Stack(directions, hidden, hidden, 2)),
        g.Weight("b", Tensor.Create([directions, 8 * hidden], Small(directions * 8 * hidden, 3))),
    ];

    /// <summary>[directions, 4 · hidden, inputs].</summary>
    private static Tensor Stack(int directions, int inputs, int hidden, int seed) => Tensor.Create([directions, 4 * hidden, inputs], Small(directions * 4 * hidden * inputs, seed));

    private static float[] Small(int count, int seed) => Array.ConvertAll(Weights.Random(count, seed), weight => weight / 20);
}
