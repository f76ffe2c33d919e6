using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseScaleTests
{
    private static readonly FuseScale Pass = new();

    private static readonly TensorType Tokens = new(DataType.Float, Shape.Of(2, 3, 4));

    /// <summary>Two products of one weight would need a second weight.</summary>
    private static readonly string[] Shared = ["twice, weights shared", "weights captured by both branches of an If"];

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", Heads(g, g.Op("Add", g.Weight("b", Numbers.Signed(2, 8)), Product(g, x))),
            g.Weight("c", Tensor.Create([], 0.25f))),
        Tokens, opsets: [17, 7, 13], missingOptional: (g, x) => g.Op("Div", Heads(g, Product(g, x)), g.Weight("c", Tensor.Create([], 4f))))
        .Where(row => !Shared.Contains(row.Arguments[0]!.ToString()));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Terms_on_the_way_are_scaled_whatever_their_sign()
    {
        var g = new GraphBuilder();
        var moved = g.Op("Sub", g.Weight("b", Numbers.Signed(2, 8)), Product(g, g.Input("x", Tokens)));
        g.Output("y", g.Op("Mul", g.Op("Sub", Heads(g, moved), g.Weight("d", Numbers.Signed(3, 3, 1))),
            g.Weight("c", Tensor.Create([], 0.3f))));

        PassTester.Run(Pass, g.Build()).Leaves("MatMul", "Sub", "Reshape", "Transpose", "Sub");
    }

    [Test]
    public void A_convolution_behind_a_Reshape()
    {
        var g = new GraphBuilder();
        var conv = g.Op("Conv", g.Input("x", DataType.Float, 1, 2, 4, 4), g.Weight("w", Numbers.Signed(1, 3, 2, 1, 1)),
            g.Weight("b", Numbers.Signed(2, 3)));
        g.Output("y", g.Op("Mul", g.Op("Reshape", conv, g.Int64s("shape", 1, 3, 16)), g.Weight("c", Tensor.Create([1], 0.3f))));

        PassTester.Run(Pass, g.Build()).Leaves("Conv", "Reshape");
    }

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("more axes than the data", "may add axes", (g, y) =>
            g.Op("Mul", Heads(g, y), g.Weight("c", Tensor.Create([1, 1, 1, 1, 1], 0.25f)))),
        Refusal("by zero", "not finite", (g, y) => g.Op("Div", Heads(g, y), g.Weight("c", Tensor.Create([], 0f)))),
        Refusal("the weight read elsewhere", "a second copy", (g, y) =>
        {
            g.Output("other", Product(g, g.Input("z", DataType.Float, 4)));
            return g.Op("Mul", Heads(g, y), g.Weight("c", Tensor.Create([], 2f)));
        }),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value, Value> scale) => PassTester.Run(Pass, Build(scale)).Refuses(reason);

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Case("a factor per column", (g, y) => g.Op("Mul", Heads(g, y), g.Weight("c", Numbers.Positive(3, 4)))),
        Case("beside the weights", (g, y) => g.Op("Mul", y, g.Weight("c", Tensor.Create([], 2f)))),
        Case("a value on the way that others read", (g, y) =>
        {
            var heads = Heads(g, y);
            return g.Op("Add", heads, g.Op("Mul", heads, g.Weight("c", Tensor.Create([], 2f))));
        }),
        Case("a nonlinear node on the way", (g, y) => g.Op("Mul", Heads(g, g.Op("Relu", y)), g.Weight("c", Tensor.Create([], 2f)))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> scale) => PassTester.Run(Pass, Build(scale)).Ignores();

    private static Value Product(GraphBuilder g, Value x) => g.Op("MatMul", x, g.Weight("w", Numbers.Signed(1, 4, 8)));

    private static Value Heads(GraphBuilder g, Value x) =>
        g.Op("Transpose", [g.Op("Reshape", x, g.Weight("heads", Tensor.Create([4], 2L, 3L, 2L, 4L)))], ("perm", new long[] { 0, 2, 1, 3 }));

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> scale)
    {
        var g = new GraphBuilder();
        g.Output("y", scale(g, Product(g, g.Input("x", Tokens))));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(build).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(reason, build).SetArgDisplayNames(name);
}
