using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseMatMulAddTests
{
    private static readonly FuseMatMulAdd Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 4));

    /// <summary>In a function the number of axes is known only once it is called.</summary>
    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", Product(g, x), g.Weight("b", Numbers.Signed(2, 3))), Matrix, opsets: [17, 7, 9, 11, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Terms =>
    [
        Case("in front", (g, y) => g.Op("Add", g.Weight("b", Numbers.Signed(2, 1, 3)), y)),
        Case("one number", (g, y) => g.Op("Add", y, g.Weight("b", Numbers.Signed(2)))),
        Case("one per row", (g, y) => g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 2, 1)))),
        Case("one per element", (g, y) => g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 2, 3)))),
        Case("subtracted", (g, y) => g.Op("Sub", y, g.Weight("b", Numbers.Signed(2, 3)))),
        Case("a constant behind the product", (g, y) => g.Op("Add", y, g.Constant(Numbers.Signed(2, 3)))),
    ];

    [TestCaseSource(nameof(Terms))]
    public void Fuses(Func<GraphBuilder, Value, Value> add) => PassTester.Run(Pass, Build(Matrix, add)).Leaves("Gemm");

    [Test]
    public void Activations_multiply_too()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Op("MatMul", g.Input("x", Matrix), g.Input("z", DataType.Float, 4, 3)),
            g.Weight("b", Numbers.Signed(2, 3))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("widens one row", "may widen", new(DataType.Float, Shape.Of(1, 4)), (g, y) =>
            g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 2, 3)))),
        Refusal("adds an axis", "may widen", Matrix, (g, y) => g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 1, 1, 3)))),
        Refusal("rows unknown", "may widen", new(DataType.Float, new Shape(["n", 4])), (g, y) =>
            g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 2, 1)))),
        Refusal("subtracted from", "itself is subtracted", Matrix, (g, y) => g.Op("Sub", g.Weight("b", Numbers.Signed(2, 3)), y)),
        Refusal("read twice", "other readers", Matrix, (g, y) => g.Op("Mul", g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 3))), y)),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, TensorType x, Func<GraphBuilder, Value, Value> add) =>
        PassTester.Run(Pass, Build(x, add)).Refuses(reason);

    [Test]
    public void Products_of_more_axes_stay() =>
        PassTester.Run(Pass, Build(new(DataType.Float, Shape.Of(2, 2, 4)), (g, y) =>
            g.Op("Add", y, g.Weight("b", Numbers.Signed(2, 3))))).Ignores();

    [Test]
    public void Products_of_more_axes_are_no_candidates_whoever_feeds_the_term()
    {
        var g = new GraphBuilder();
        var bias = g.InputWithDefault("b", Numbers.Signed(2, 3));
        g.Output("y", g.Op("Add", Product(g, g.Input("x", DataType.Float, 2, 2, 4)), bias));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void Integers_stay()
    {
        var g = new GraphBuilder();
        var product = g.Op("MatMul", g.Input("x", DataType.Int64, 2, 2), g.Weight("w", Tensor.Create([2, 2], 1L, 2L, 3L, 4L)));
        g.Output("y", g.Op("Add", product, g.Weight("b", Tensor.Create([2], 1L, 2L))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static OnnxModel Build(TensorType x, Func<GraphBuilder, Value, Value> add)
    {
        var g = new GraphBuilder();
        g.Output("y", add(g, Product(g, g.Input("x", x))));
        return g.Build();
    }

    private static Value Product(GraphBuilder g, Value x) => g.Op("MatMul", x, g.Weight("w", Numbers.Signed(1, 4, 3)));

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(build).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, TensorType x, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(reason, x, build).SetArgDisplayNames(name);
}
