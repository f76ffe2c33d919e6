using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Speed;

/// <summary>The runtime makes a Gemm of MatMul and Add; with a float bias, that Gemm turns its weight back into floats at every run.</summary>
public sealed class GemmOfRuntimeTests
{
    private const int Classes = 24;

    [TestCase(false, 3, 16)]
    [TestCase(true, 3, 16)]
    [TestCase(false, 1, 3, 16)]
    public void Its_bias_is_int32(bool isSwapped, params long[] shape)
    {
        var test = StaticModels.Quantize(Model(Shape.Of(shape), isSwapped));

        Assert.That(StaticModels.AtRunTime(test.Model), Does.Contain("QGemm").And.Not.Contain("Gemm").And.Not.Contain("DequantizeLinear"));
        Assert.That(test.Initializers.Select(value => value.Initializer!.ElementType), Has.Some.EqualTo(DataType.Int32));
    }

    [Test]
    public void Where_there_is_none_the_bias_stays_float()
    {
        var test = StaticModels.Quantize(Model(new Shape(["n", "s", 16]), isSwapped: false));

        Assert.That(StaticModels.AtRunTime(test.Model), Does.Contain("MatMulIntegerToFloat"));
        Assert.That(test.Initializers.Select(value => value.Initializer!.ElementType), Has.None.EqualTo(DataType.Int32));
    }

    [Test]
    public void An_Add_that_is_quantized_itself_keeps_its_own_form()
    {
        var test = StaticModels.Quantize(Model(StaticModels.Rows.Shape!, isSwapped: false), new() { Operators = ["MatMul", "Add"] });

        Assert.That(test.Log.Nodes, Has.Count.EqualTo(2));
    }

    private static OnnxModel Model(Shape shape, bool isSwapped)
    {
        var g = new GraphBuilder();
        var product = g.Op("MatMul", g.Input("x", new TensorType(DataType.Float, shape)), g.Weight("w", StaticModels.Matrix(16, Classes)));
        var bias = g.Weight("b", Tensor.Create([Classes], Weights.Random(Classes)));
        g.Output("y", g.Op("Add", isSwapped ? [bias, product] : [product, bias]));
        return g.Build();
    }
}
