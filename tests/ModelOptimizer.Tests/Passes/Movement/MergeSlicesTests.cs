using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Movement;

public sealed class MergeSlicesTests
{
    private const long End = long.MaxValue;

    private static readonly TensorType Table = Moves.Floats(6, 8);

    private static readonly TensorType Open = Moves.Floats("n", "m");

    private static readonly MergeSlices Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Slice", g.Op("Slice", x, g.Weight("from", Moves.Int64s(1)), g.Weight("to", Moves.Int64s(5)), g.Weight("axis", Moves.Int64s(1))),
            g.Weight("from", Moves.Int64s(1)), g.Weight("to2", Moves.Int64s(3)), g.Weight("axis", Moves.Int64s(1))),
        Table, opsets: [17, 10, 13], missingOptional: (g, x) => g.Op("Slice", g.Op("Slice", x, g.Int64s("from", 1), g.Int64s("to", 5)), g.Int64s("from", 1), g.Int64s("to", 3)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Merges =>
    [
        Moves.Case("two axes", (g, x) => Slice(g, Slice(g, x, 0, 1, End), 1, 2, 7)),
        Moves.Case("two axes, backwards and in steps", (g, x) => Slice(g, Slice(g, x, 0, -1, -End, -1), 1, 0, 7, 3)),
        Moves.Case("one axis", (g, x) => Slice(g, Slice(g, x, 0, 1, 5), 0, 1, 3)),
        Moves.Case("one axis, to the end of a part", (g, x) => Slice(g, Slice(g, x, 0, 1, 5), 0, 2, End)),
        Moves.Case("one axis, beyond the end of a part", (g, x) => Slice(g, Slice(g, x, 0, 1, 3), 0, 1, 100)),
        Moves.Case("one axis, part of what is left", (g, x) => Slice(g, Slice(g, x, 0, 2, End), 0, 1, 3)),
        Moves.Case("one axis, up to the last but one", (g, x) => Slice(g, Slice(g, x, 0, 1, -1), 0, 1, End)),
        Moves.Case("nothing left", (g, x) => Slice(g, Slice(g, x, 0, 4, End), 0, 3, 5)),
    ];

    [TestCaseSource(nameof(Merges))]
    public void Makes_one_of_two(Func<GraphBuilder, Value, Value> build)
    {
        PassTester.Run(Pass, Moves.Between(Table, build)).Leaves("Exp", "Slice", "Abs");
        PassTester.Run(Pass, Moves.Between(Open, build)).Leaves("Exp", "Slice", "Abs");
    }

    private static IEnumerable<TestCaseData> OfLength =>
    [
        Moves.Case("from the end of a part", (g, x) => Slice(g, Slice(g, x, 0, 1, 5), 0, -2, End)),
        Moves.Case("from the end", (g, x) => Slice(g, Slice(g, x, 0, -4, -1), 0, 1, 2)),
        Moves.Case("up to before the end, then before that", (g, x) => Slice(g, Slice(g, x, 0, 0, -1), 0, 0, -1)),
    ];

    [TestCaseSource(nameof(OfLength))]
    public void Places_counted_from_the_end_need_the_length(Func<GraphBuilder, Value, Value> build)
    {
        PassTester.Run(Pass, Moves.Between(Table, build)).Leaves("Exp", "Slice", "Abs");
        PassTester.Run(Pass, Moves.Between(Open, build)).Refuses("depends on its length");
    }

    [Test]
    public void Steps_on_the_same_axis_stay() =>
        PassTester.Run(Pass, Moves.Between(Table, (g, x) => Slice(g, Slice(g, x, 0, 0, 5, 2), 0, 1, 2))).Refuses("depends on its length");

    [Test]
    public void Numbers_that_the_model_computes_stay()
    {
        var model = Moves.Between(Table, (g, x) => g.Op("Slice", Slice(g, x, 0, 1, 5), g.Int64s("from", 0), g.Input("to", DataType.Int64, 1)));

        PassTester.Run(Pass, model).Refuses("its numbers are not constant");
    }

    private static IEnumerable<TestCaseData> Picks =>
    [
        Moves.Case("the third", (g, x) => Squeeze(g, Slice(g, x, 1, 2, 3), 1)),
        Moves.Case("the last", (g, x) => Squeeze(g, Slice(g, x, 1, -1, End), 1)),
        Moves.Case("the last but one, axes from the end", (g, x) => Squeeze(g, Slice(g, x, -1, -2, -1), -1)),
    ];

    [TestCaseSource(nameof(Picks))]
    public void One_element_is_gathered(Func<GraphBuilder, Value, Value> build) =>
        PassTester.Run(Pass, Moves.Between(Table, build)).Leaves("Exp", "Gather", "Abs");

    [Test]
    public void One_element_is_gathered_at_opset_9() =>
        PassTester.Run(Pass, Moves.Between(Table, (g, x) => g.Op("Squeeze",
            [g.Op("Slice", [x], ("starts", new long[] { 2 }), ("ends", new long[] { 3 }), ("axes", new long[] { 0 }))], ("axes", new long[1])), opset: 9)).Leaves("Exp", "Gather", "Abs");

    [Test]
    public void A_Squeeze_of_another_axis_is_no_pick() =>
        PassTester.Run(Pass, Moves.Between(Moves.Floats(6, 1), (g, x) => Squeeze(g, Slice(g, x, 0, 2, 3), 1))).Ignores();

    [Test]
    public void A_slice_that_others_read_is_no_pick()
    {
        var g = new GraphBuilder();
        var slice = Slice(g, g.Input("x", Table), 0, 1, 2);
        g.Output("y", Squeeze(g, slice, 0));
        g.Output("z", g.Op("Neg", slice));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Slice(GraphBuilder g, Value x, long axis, long from, long to, long step = 1) =>
        g.Op("Slice", x, g.Int64s("from", from), g.Int64s("to", to), g.Int64s("axis", axis), g.Int64s("step", step));

    private static Value Squeeze(GraphBuilder g, Value x, long axis) => g.Op("Squeeze", x, g.Int64s("axes", axis));
}
