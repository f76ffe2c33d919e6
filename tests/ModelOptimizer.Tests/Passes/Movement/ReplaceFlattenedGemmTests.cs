using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class ReplaceFlattenedGemmTests
{
    private static readonly TensorType Rows3 = Moves.Floats(2, 3, 4);

    private static readonly ReplaceFlattenedGemm Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Layer(g, x), Rows3, opsets: [17, 7, 13],
        missingOptional: (g, x) => Unfold(g, g.Op("Gemm", Flatten(g, x), Weight(g))), mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        // In a function the shapes are the caller's.
        if (!row.Name.Contains("function", StringComparison.Ordinal))
            PassTester.Run(Pass, row);
    }

    [Test]
    public void Rows_of_any_number_are_multiplied_as_they_are()
    {
        var g = new GraphBuilder();
        var x = g.Op("Exp", g.Input("x", DataType.Float, "batch", "sequence", 4));
        var gemm = g.Op("Gemm", Flatten(g, x), Weight(g), Bias(g));
        var lengths = g.Op("Concat", [g.Op("Gather", g.Op("Shape", x), g.Int64s("first", 0, 1)), g.Int64s("n", 5)], ("axis", 0));
        g.Output("y", g.Op("Abs", g.Op("Reshape", gemm, lengths)));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "MatMul", "Add", "Shape", "Gather", "Concat", "Abs");
    }

    [Test]
    public void Heads_are_joined_to_rows_of_a_shape_that_was_computed()
    {
        var g = new GraphBuilder();
        var x = g.Op("Exp", g.Input("x", DataType.Float, "batch", "sequence", 2, 2));
        var gemm = g.Op("Gemm", Flatten(g, x), Weight(g), Bias(g));
        var lengths = g.Op("Concat", [g.Op("Gather", g.Op("Shape", x), g.Int64s("first", 0, 1)), g.Int64s("n", 5)], ("axis", 0));
        g.Output("y", g.Op("Abs", g.Op("Reshape", gemm, lengths)));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Reshape", "MatMul", "Add", "Shape", "Gather", "Concat", "Abs");
    }

    private static IEnumerable<TestCaseData> Refused =>
    [
        Moves.Case("a scale", (g, x) => Unfold(g, g.Op("Gemm", [Flatten(g, x), Weight(g), Bias(g)], ("alpha", 2f))), "it scales or transposes"),
        Moves.Case("rows taken apart in another way", (g, x) => g.Op("Reshape", g.Op("Gemm", Flatten(g, x), Weight(g), Bias(g)), g.Int64s("s", 3, 2, 5)), "the rows may not be"),
        Moves.Case("heads joined to rows of a constant shape", (g, x) => Unfold(g, g.Op("Gemm", Flatten(g, g.Op("Reshape", x, g.Int64s("h", 2, 3, 2, 2))), Weight(g), Bias(g))), "the rows may not be"),
        Moves.Case("rows cut anew", (g, x) => g.Op("Reshape", g.Op("Gemm", g.Op("Reshape", x, g.Int64s("s", -1, 8)), g.Weight("w8", Weights(8, 10)), g.Weight("c10", Weights(10))), g.Int64s("t", 2, 3, 5)), "unknown which rows"),
        Moves.Case("a bias for each row", (g, x) => Unfold(g, g.Op("Gemm", Flatten(g, x), Weight(g), g.Weight("c6", Weights(6, 1)))), "from row to row"),
    ];

    [TestCaseSource(nameof(Refused))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> build, string reason) => PassTester.Run(Pass, Moves.Between(Rows3, build)).Refuses(reason);

    [Test]
    public void A_matrix_that_others_read_stays_flat()
    {
        var g = new GraphBuilder();
        var gemm = g.Op("Gemm", Flatten(g, g.Input("x", Rows3)), Weight(g), Bias(g));
        g.Output("y", Unfold(g, gemm));
        g.Output("z", gemm);

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Layer(GraphBuilder g, Value x) => Unfold(g, g.Op("Gemm", Flatten(g, x), Weight(g), Bias(g)));

    private static Value Flatten(GraphBuilder g, Value x) => g.Op("Reshape", x, g.Constant(Moves.Int64s(-1, 4)));

    private static Value Unfold(GraphBuilder g, Value x) => g.Op("Reshape", x, g.Constant(Moves.Int64s(2, 3, 5)));

    private static Value Weight(GraphBuilder g) => g.Weight("w", Weights(4, 5));

    private static Value Bias(GraphBuilder g) => g.Weight("c", Weights(5));

    private static Tensor Weights(params long[] dimensions) =>
        Tensor.Create(dimensions, [.. Enumerable.Range(0, (int)dimensions.Aggregate(1L, (a, b) => a * b)).Select(i => 0.1f * (i % 7) - 0.3f)]);
}
