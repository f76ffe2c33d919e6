using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Quantization of a model parts of which are quantized already.</summary>
public sealed class SecondPassTests
{
    [Test]
    public void What_reads_results_of_a_quantized_layer_is_quantized_later([Values] bool hasRelu)
    {
        var g = new GraphBuilder();
        var stem = Conv(g, g.Input("x", Picture), "a");
        stem.Producer!.Name = "/stem/conv";
        var head = Conv(g, hasRelu ? g.Op("Relu", stem) : stem, "b");
        head.Producer!.Name = "/head/conv";
        g.Output("y", head);
        var (original, model) = (g.Build(), g.Build().Clone());

        var log = PassContexts.Run(model, new QuantizeStatic(new() { Prefer = Preference.Size, Include = ["/stem/*"] }),
            new QuantizeStatic(new() { Prefer = Preference.Size, Include = ["/head/*"] }));

        Assert.That(log.Nodes.Select(node => node.Node), Is.EqualTo(new[] { "Conv '/stem/conv'", "Conv '/head/conv'" }));
        PassTester.SameOutputs(original, model, EightBits);
        if (!hasRelu)
            Assert.That(model.Graph.Nodes.Count(node => node.Is("QuantizeLinear")), Is.EqualTo(3), "codes are not rounded anew");
    }

    [Test]
    public void Sums_of_rounded_values_are_quantized_later()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Picture);
        g.Output("y", g.Op("Abs", g.Op("Add", Conv(g, x, "a"), Conv(g, x, "b"))));
        var model = g.Build();

        var log = PassContexts.Run(model, new QuantizeStatic(new() { Prefer = Preference.Size, Operators = ["Conv"] }),
            new QuantizeStatic(new() { Prefer = Preference.Size, Operators = ["Add"] }));

        Assert.That(log.Nodes.Select(node => node.Operator), Is.EqualTo(new[] { "Conv", "Conv", "Add" }));
    }

    [Test]
    public void A_product_with_a_quantized_weight_is_refused_with_the_reason()
    {
        var model = Dequantized();

        Quantize(model).Refuses("quantized already");
        Assert.That(PassContexts.Run(model.Clone(), new QuantizeDynamic(new())).Weights.Select(weight => weight.Refusal),
            Has.Some.Contains("quantized already"));
    }

    [Test]
    public void Nothing_is_said_of_what_static_quantization_made_itself()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", Rows), g.Weight("w", Matrix(16, 12))));

        var log = PassContexts.Run(g.Build(), Static(), Static(), new QuantizeDynamic(new()));

        Assert.That(log.Refusals, Is.Empty);
        Assert.That(log.Weights.Where(weight => weight.Refusal is not null), Is.Empty);
    }

    private static QuantizeStatic Static() => new(new() { Prefer = Preference.Size });

    /// <summary>A product as weight-only quantization leaves it.</summary>
    private static OnnxModel Dequantized()
    {
        var g = new GraphBuilder();
        var codes = g.Initializer("w_quantized", Tensor.Create(DataType.Int8, [16, 12], Enumerable.Range(0, 192).Select(i => (sbyte)(i % 100 - 50)).ToArray()));
        g.Output("y", g.Op("MatMul", g.Input("x", Rows), g.Op("DequantizeLinear", codes, g.Initializer("w_scale", Tensor.Create([], 0.02f)))));
        return g.Build();
    }
}
