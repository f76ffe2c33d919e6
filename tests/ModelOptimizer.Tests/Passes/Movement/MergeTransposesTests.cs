using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeTransposesTests
{
    private static readonly TensorType Cube = Moves.Floats(2, 3, 4);

    private static readonly MergeTransposes Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Turn(g, Turn(g, x, 1, 2, 0), 1, 0, 2), Cube, opsets: [17, 1, 13, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Three_in_a_row_become_one() =>
        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => Turn(g, Turn(g, Turn(g, x, 1, 2, 0), 0, 2, 1), 2, 1, 0))).Leaves("Exp", "Transpose", "Abs");

    [Test]
    public void One_that_undoes_the_other_goes_with_it() =>
        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => Turn(g, Turn(g, x, 1, 2, 0), 2, 0, 1))).Leaves("Exp", "Abs");

    [Test]
    public void Without_an_order_of_their_own_both_reverse() =>
        PassTester.Run(Pass, Moves.Between(Cube, (g, x) => g.Op("Transpose", g.Op("Transpose", x)))).Leaves("Exp", "Abs");

    [Test]
    public void What_others_read_stays()
    {
        var g = new GraphBuilder();
        var first = Turn(g, g.Input("x", Cube), 1, 2, 0);
        g.Output("y", Turn(g, first, 1, 0, 2));
        g.Output("z", g.Op("Neg", first));

        PassTester.Run(Pass, g.Build()).Leaves("Transpose", "Transpose", "Neg");
    }

    [Test]
    public void An_input_that_comes_back_at_an_output_needs_a_node()
    {
        var g = new GraphBuilder();
        g.Output("y", Turn(g, Turn(g, g.Input("x", Cube), 1, 2, 0), 2, 0, 1));

        PassTester.Run(Pass, g.Build()).Leaves("Transpose");
    }

    private static Value Turn(GraphBuilder g, Value x, params long[] order) => g.Op("Transpose", [x], ("perm", order));
}
