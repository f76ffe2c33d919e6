using ModelOptimizer.Evaluation;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>Kernels of a quantized model are brought back to the nodes of the original, whatever the runtime calls them.</summary>
public sealed class OperatorComparisonTests
{
    [Test]
    public void A_quantized_form_counts_with_all_that_it_needs()
    {
        var compared = OperatorComparison.Of(Float(), [Kernel("conv", "Conv", 100), Kernel("relu", "Relu", 10), Kernel("product", "MatMul", 40)],
            Quantized(), [
                Kernel("x_quantize", "DynamicQuantizeLinear", 20), Kernel("conv", "ConvInteger", 900), Kernel("conv_cast", "Cast", 30),
                Kernel("conv_dequantize", "Mul", 50), Kernel("relu", "Relu", 10), Kernel("product", "MatMul", 40)]);

        var conv = compared.Types.Single();
        Assert.Multiple(() =>
        {
            Assert.That(conv.Operator, Is.EqualTo("Conv"));
            Assert.That(conv.Nodes, Is.EqualTo(new[] { "conv" }));
            Assert.That(conv.OriginalMicroseconds, Is.EqualTo(100));
            Assert.That(conv.ResultMicroseconds, Is.EqualTo(1000));
            Assert.That(conv.Form, Is.EqualTo("Cast, ConvInteger, DynamicQuantizeLinear, Mul"));
            Assert.That(compared.SlowerTypes, Is.EqualTo(new[] { conv }));
            Assert.That(compared.SlowerNodes, Is.Empty, "its type says it already");
            Assert.That(compared.OriginalMicroseconds, Is.EqualTo(150));
        });
    }

    [TestCase("fused conv")]
    [TestCase("conv_out_nchwc")]
    [TestCase("conv/ConvAddFusion/")]
    public void A_kernel_that_took_in_its_neighbour_is_compared_with_both(string name)
    {
        var compared = OperatorComparison.Of(Float(), [Kernel(name, "FusedConv", 110), Kernel("product", "MatMul", 40)],
            Quantized(), [Kernel("conv", "ConvInteger", 90), Kernel("relu", "Relu", 10), Kernel("product", "MatMul", 40)]);

        Assert.That(compared.Types.Single(), Has.Property("OriginalMicroseconds").EqualTo(110).And.Property("ResultMicroseconds").EqualTo(100)
            .And.Property("Form").EqualTo("ConvInteger"));
        Assert.That(compared.SlowerTypes, Is.Empty);
    }

    [Test]
    public void One_slow_node_is_named_where_its_type_is_fast_on_the_whole()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 4, 4);
        var first = g.Node("MatMul", [x, g.Initializer("w1", [4, 4], new float[16])]);
        var second = g.Node("MatMul", [first.Output(), g.Initializer("w2", [4, 4], new float[16])]);
        (first.Name, second.Name) = ("first", "second");
        g.Output("y", second.Output());
        var model = g.Build();

        var compared = OperatorComparison.Of(model, [Kernel("first", "MatMul", 500), Kernel("second", "MatMul", 20)],
            model, [Kernel("first", "MatMulNBits", 100), Kernel("second", "MatMulNBits", 60)]);

        Assert.That(compared.SlowerTypes, Is.Empty);
        Assert.That(compared.SlowerNodes.Single().Nodes, Is.EqualTo(new[] { "second" }));
    }

    [Test]
    public void What_makes_no_difference_to_the_whole_is_not_told()
    {
        var compared = OperatorComparison.Of(Float(), [Kernel("conv", "Conv", 5), Kernel("relu", "Relu", 10_000)],
            Quantized(), [Kernel("conv", "ConvInteger", 50), Kernel("relu", "Relu", 10_000)]);

        Assert.That(compared.Types.Single().Ratio, Is.EqualTo(10));
        Assert.That(compared.SlowerTypes, Is.Empty);
    }

    [Test]
    public void A_real_profile_maps_every_product_of_a_model()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 64);
        var hidden = g.Op("Relu", g.Op("MatMul", x, g.Initializer("w1", [64, 64], Noise(64 * 64))));
        var product = g.Node("MatMul", [hidden, g.Initializer("w2", [64, 64], Noise(64 * 64))]);
        product.Name = "/head/MatMul";
        g.Output("y", g.Op("Add", product.Output(), g.Initializer("b", [64], Noise(64))));
        var original = g.Build();
        var result = original.Clone();
        PassContexts.Run(result, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        var (compared, samples) = new OperatorProfiler(PassContexts.Engine).Compare(original, result, new EvaluateSettings());

        Assert.Multiple(() =>
        {
            Assert.That(samples.IsGenerated);
            Assert.That(compared.Types.Select(type => type.Operator), Is.EqualTo(new[] { "MatMul" }));
            Assert.That(compared.Nodes, Has.Count.EqualTo(2));
            Assert.That(compared.Nodes.SelectMany(node => node.Nodes), Does.Contain("/head/MatMul"));
            Assert.That(original.Graph.Nodes.Count(node => node.Name.Length > 0), Is.EqualTo(1), "the model keeps its names");
        });
    }

    private static KernelTime Kernel(string name, string opType, double microseconds) => new(name, opType, [microseconds, microseconds, microseconds]);

    private static float[] Noise(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static OnnxModel Float() => Model((g, x) => g.Node("Conv", [x, g.Initializer("k", [1, 1, 1, 1], 1)]), "conv");

    private static OnnxModel Quantized() => Model((g, x) =>
    {
        var rounded = Named(g.Node("DynamicQuantizeLinear", [x], outputs: 3), "x_quantize");
        var codes = g.Initializer("k_quantized", Tensor.Create(DataType.Int8, [1, 1, 1, 1], new sbyte[1]));
        var conv = Named(g.Node("ConvInteger", [rounded.Output(), codes]), "conv");
        var cast = Named(g.Node("Cast", [conv.Output()], 1, ("to", 1L)), "conv_cast");
        return g.Node("Mul", [cast.Output(), rounded.Output(1)]);
    }, "conv_dequantize");

    private static OnnxModel Model(Func<GraphBuilder, Value, Node> conv, string name)
    {
        var g = new GraphBuilder();
        var made = Named(conv(g, g.Input("x", DataType.Float, 1, 1, 4, 4)), name);
        made.Output().Name = "conv_out";
        var relu = Named(g.Node("Relu", [made.Output()]), "relu");
        var product = Named(g.Node("MatMul", [relu.Output(), g.Initializer("w", [4, 4], new float[16])]), "product");
        g.Output("y", product.Output());
        return g.Build();
    }

    private static Node Named(Node node, string name)
    {
        node.Name = name;
        return node;
    }
}
