using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

public sealed class DynamicLookupTests
{
    private static readonly TensorType Indices = new(DataType.Int64, Shape.Of(2, 3));
    private static readonly Tensor Table = Tensor.Create([50, 33], Weights.Random(50 * 33));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Gather", g.Weight("table", Table), g.Op("Abs", x)), Indices, [17, 9, 11, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Rows_are_gathered_with_their_own_scales(StandardRow row) => PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row);

    [Test]
    public void A_table_of_matrices_has_a_scale_for_each()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gather", g.Weight("table", Tensor.Create([20, 9, 7], Weights.Random(20 * 63))), g.Op("Abs", g.Input("x", Indices))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: new(0.02)).Leaves("Abs", "Gather", "Gather", "Cast", "Mul");

        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo("int8 per channel as Gather of int8 rows"));
    }

    [Test]
    public void Rows_keep_all_eight_bits_where_products_must_not()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gather", g.Weight("table", Table), g.Op("Abs", g.Input("x", Indices))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size, ReduceRange = true }), g.Build(), tolerance: new(0.01));

        Assert.That(test.Initializers.First(value => value.Initializer!.ElementType == DataType.Int8).Initializer!.AsSpan<sbyte>().ToArray().Max(), Is.GreaterThan(64));
    }

    [Test]
    public void Columns_are_refused()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gather", [g.Weight("table", Table), g.Op("Abs", g.Input("x", Indices))], ("axis", 1)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.EndWith("looks up along another axis than the first"));
    }
}
