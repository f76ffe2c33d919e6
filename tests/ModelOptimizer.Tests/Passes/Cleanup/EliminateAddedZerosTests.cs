using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateAddedZerosTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static readonly EliminateAddedZeros Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", g.Op("Exp", x), g.Weight("zero", Tensor.Create([], 0f))), Matrix, opsets: [17, 7, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_row_of_zeros_on_either_side_goes()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Op("Add", g.Initializer("zeros", [3], 0f, 0f, 0f), g.Op("Exp", g.Input("x", Matrix)))));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Abs");
    }

    [Test]
    public void Zeros_that_broadcast_the_other_stay()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Op("Add", g.Op("Exp", g.Input("x", DataType.Float, 1, 3)), g.Initializer("zeros", [2, 1], 0f, 0f))));

        PassTester.Run(Pass, g.Build()).Refuses("another shape");
    }

    [Test]
    public void Zeros_behind_a_normalization_that_no_attention_reads_go()
    {
        var g = new GraphBuilder(12);
        var (ones, zeros) = (g.Initializer("ones", [3], 1, 1, 1), g.Initializer("zeros", [3], 0f, 0f, 0f));
        var hidden = g.Op("LayerNormalization", [g.Input("x", Matrix), ones, zeros], ("axis", -1L));
        var sum = hidden;
        foreach (var name in new[] { "a", "b", "c" })
            sum = g.Op("Add", sum, g.Op("Add", g.Op("MatMul", hidden, g.Initializer(name, [3, 3], 1, 2, 3, 4, 5, 6, 7, 8, 9)), zeros));
        g.Output("y", g.Op("Abs", sum));

        PassTester.Run(Pass, g.Build()).Leaves("LayerNormalization", "MatMul", "Add", "MatMul", "Add", "MatMul", "Add", "Abs");
    }

    [TestCase(0f, 1e-45f)]
    [TestCase(1f, 0f)]
    public void Anything_but_zeros_stays(float first, float second)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Abs", g.Op("Add", g.Op("Exp", g.Input("x", DataType.Float, 2)), g.Initializer("bias", [2], first, second))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }
}
