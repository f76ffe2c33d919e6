using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>What is said of layers that stay float, and of the options that decided.</summary>
public sealed class StaticWordsTests
{
    [Test]
    public void An_activation_without_a_finite_element_is_not_called_uncomputed()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", Undefined(g, g.Input("x", Rows)), g.Weight("w", Matrix(16, 12))));

        var test = Quantize(g.Build()).Refuses("is infinite or undefined throughout");

        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.None.Contains("never computes"));
    }

    [Test]
    public void A_misspelt_override_is_told()
    {
        var g = new GraphBuilder();
        var y = Conv(g, g.Input("x", Picture));
        y.Producer!.Name = "/head/conv";
        g.Output("y", y);

        var pass = new QuantizeStatic(new() { Overrides = [new() { Nodes = ["/head/*", "/haed/*"], Activations = ActivationType.UInt16 }] });

        Assert.That(pass.Selector.Unmatched(g.Build()), Is.EqualTo(new[] { "/haed/*" }));
    }

    [Test]
    public void The_advice_to_name_an_operator_keeps_all_others()
    {
        var original = Mixed();

        var why = Quantize(original).Log.Refusals.Single(refusal => refusal.Where.StartsWith("Add", StringComparison.Ordinal)).Why;

        Assert.That(why, Does.Contain("'operators: [Conv, Gather, Add]'"));
        var followed = Quantize(original, new() { Operators = ["Conv", "Gather", "Add"] });
        Assert.That(followed.Log.Nodes.Select(node => node.Operator), Is.EquivalentTo(new[] { "Conv", "Conv", "Add" }));
        Assert.That(followed.Log.Weights.Where(weight => weight.Weight == "table").Select(weight => weight.Refusal), Is.EqualTo(new string?[] { null }));
        Assert.That(Quantize(original, new() { Operators = ["Conv"] }).Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("'operators: [Conv, Add]'"));
    }

    [Test]
    public void The_advice_on_spectra_keeps_all_others()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gemm", g.Op("Flatten", g.Op("Sqrt", g.Op("Pow", Conv(g, g.Input("x", Picture)), g.Constant(Tensor.Create([], 2f))))),
            g.Weight("w", Matrix(Channels * 36, 4))));

        Assert.That(Quantize(g.Build()).Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("'operators: [Conv, Gemm]'"));
    }

    [Test]
    public void A_warning_of_recurrent_layers_names_the_pass_of_the_profile()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("LSTM", [g.Input("x", DataType.Float, 5, 2, 24), Stack("w", 24, 1), Stack("r", 20, 2)], ("hidden_size", 20)));
        var (diagnostics, place) = (new DiagnosticBag(), new SourceLocation("model-opt.yaml", 7, 5));

        PassContexts.Run(g.Build(), diagnostics, int.MaxValue, new QuantizeStatic(new() { Prefer = Preference.Size, Location = place }));

        var warning = diagnostics.Diagnostics.Single(diagnostic => diagnostic.Code == "MO4002");
        Assert.That(warning.Message, Does.Contain("to quantize-static").And.Not.Contain("quantize-dynamic"));
        Assert.That(warning.Location, Is.EqualTo(place));

        Value Stack(string name, int inputs, int seed) => g.Weight(name, Tensor.Create([1, 80, inputs], Weights.Random(80 * inputs, seed)));
    }

    private static OnnxModel Mixed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Picture);
        g.Output("y", g.Op("Add", Conv(g, x, "a"), Conv(g, x, "b")));
        g.Output("z", g.Op("Neg", g.Op("Gather", g.Weight("table", Matrix(200, 16)), g.Input("ids", DataType.Int64, 3))));
        return g.Build();
    }

    private static Value Undefined(GraphBuilder g, Value x) => g.Op("Log", g.Op("Neg", g.Op("Exp", x)));
}
