using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseMulGemmTests
{
    private static readonly FuseMulGemm Pass = new();

    private static readonly TensorType Tokens = new(DataType.Float, Shape.Of(2, 3, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("MatMul", g.Op("Mul", x, g.Weight("c", Numbers.Positive(3))), Weight(g)), Tokens, opsets: [17, 7, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_divisor_per_column()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Op("Div", g.Input("x", Tokens), g.Weight("c", Numbers.Positive(3, 4))), Weight(g)));

        PassTester.Run(Pass, g.Build()).Leaves("MatMul");
    }

    [TestCase(4, 1)]
    [TestCase(1, 4)]
    public void A_transposed_input_has_its_channels_on_the_first_axis(long rows, long columns)
    {
        var g = new GraphBuilder();
        var scaled = g.Op("Mul", g.Input("x", DataType.Float, 4, 4), g.Weight("c", Numbers.Positive(3, rows, columns)));
        g.Output("y", g.Op("Gemm", [scaled, Weight(g), g.Weight("b", Numbers.Signed(2, 5))], ("transA", 1)));

        var test = PassTester.Run(Pass, g.Build());

        if (rows == 4)
            test.Leaves("Gemm");
        else
            test.Refuses("one per channel");
    }

    [Test]
    public void A_factor_that_spreads_the_data_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Op("Mul", g.Input("x", DataType.Float, 2, 3, 1), g.Weight("c", Numbers.Positive(3, 4))), Weight(g)));

        PassTester.Run(Pass, g.Build()).Refuses("may widen");
    }

    private static IEnumerable<TestCaseData> Patterns =>
    [
        Pattern("Gelu by erf", "activation", (g, x) =>
        {
            var erf = g.Op("Erf", g.Op("Div", x, Number(g, "root", 1.4142135f)));
            return g.Op("Mul", g.Op("Mul", x, g.Op("Add", erf, Number(g, "one", 1))), Number(g, "half", 0.5f));
        }),
        Pattern("Gelu by tanh", "activation", (g, x) =>
        {
            var tanh = g.Op("Tanh", g.Op("Mul", g.Op("Add", x, g.Op("Pow", x, Number(g, "three", 3))), Number(g, "root", 0.8f)));
            return g.Op("Mul", g.Op("Mul", x, g.Op("Add", tanh, Number(g, "one", 1))), Number(g, "half", 0.5f));
        }),
        Pattern("RMSNorm", "normalization", (g, x) =>
        {
            var mean = g.Op("ReduceMean", [g.Op("Mul", x, x)], ("axes", new long[] { -1 }));
            return g.Op("Mul", g.Op("Div", x, g.Op("Sqrt", mean)), g.Weight("gamma", Numbers.Positive(3, 4)));
        }),
        Pattern("RMSNorm by a reciprocal", "normalization", (g, x) =>
        {
            var mean = g.Op("ReduceMean", [g.Op("Mul", x, x)], ("axes", new long[] { -1 }));
            return g.Op("Mul", g.Op("Mul", x, g.Op("Reciprocal", g.Op("Sqrt", mean))), g.Weight("gamma", Numbers.Positive(3, 4)));
        }),
    ];

    [TestCaseSource(nameof(Patterns))]
    public void The_end_of_a_larger_operator_stays(string reason, Func<GraphBuilder, Value, Value> pattern)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", pattern(g, g.Input("x", Tokens)), Weight(g)));

        PassTester.Run(Pass, g.Build()).Refuses(reason);
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 4, 5));

    private static Value Number(GraphBuilder g, string name, float value) => g.Weight(name, Tensor.Create([], value));

    private static TestCaseData Pattern(string name, string reason, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(reason, build).SetArgDisplayNames(name);
}
