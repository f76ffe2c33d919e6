using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class FuseSkipLayerNormalizationTests
{
    private const int Width = 4;

    private static readonly FuseSkipLayerNormalization Pass = new(new FuseOptions { Format = FusionFormat.Contrib });
    private static readonly TensorType X = new(DataType.Float, Shape.Of(2, 3, Width));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Normalize(g, g.Op("Add", x, g.Op("Abs", x))), X, [17, 23],
        missingOptional: (g, x) => g.Op("LayerNormalization", [g.Op("Add", x, g.Op("Abs", x)), Weight(g, "scale")], ("axis", -1L)), mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Does_its_duty_everywhere(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_bias_added_before_goes_along() =>
        Run(Pass, (g, x) => Normalize(g, g.Op("Add", g.Op("Add", Weight(g, "before"), g.Op("Abs", x)), x))).Leaves("Abs", "SkipLayerNormalization");

    [Test]
    public void A_sum_that_is_read_elsewhere_stays() => Run(Pass, (g, x) =>
    {
        var sum = g.Op("Add", x, g.Op("Abs", x));
        g.Output("sum", sum);
        return Normalize(g, sum);
    }).Refuses("is read elsewhere too");

    [Test]
    public void What_is_only_broadcast_is_refused() =>
        Run(Pass, (g, x) => Normalize(g, g.Op("Add", x, g.Input("row", DataType.Float, 1, 3, Width)))).Refuses("both times");

    [Test]
    public void The_standard_has_no_such_operator() =>
        Run(new FuseSkipLayerNormalization(new FuseOptions()), (g, x) => Normalize(g, g.Op("Add", x, g.Op("Abs", x)))).Refuses("format: contrib would do");

    private static PassTest Run(FuseSkipLayerNormalization pass, Func<GraphBuilder, Value, Value> build)
    {
        var g = new GraphBuilder();
        g.Output("y", build(g, g.Input("x", X)));
        return PassTester.Run(pass, g.Build());
    }

    private static Value Normalize(GraphBuilder g, Value x) =>
        g.Op("LayerNormalization", [x, Weight(g, "scale"), Weight(g, "bias")], ("axis", -1L), ("epsilon", 1e-3f));

    private static Value Weight(GraphBuilder g, string name) => g.Weight(name, Tensor.Create([Width], [.. Enumerable.Range(0, Width).Select(i => name.Length * 0.1f + i)]));
}
