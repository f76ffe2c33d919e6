using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Folding;

public sealed class FoldReshapeTargetTests
{
    private static readonly FoldReshapeTarget Pass = new();

    private static readonly TensorType Input = new(DataType.Float, new Shape(["b", "s", 6]));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Reshape", x, Lengths(g, x, 0, 1, null, 2, 3)), Input, opsets: [17, 13, 19]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Axes_that_stay_are_kept()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Input);
        g.Output("y", g.Op("Reshape", x, Lengths(g, x, 0, 1, null, 2, 3)));

        Assert.That(Target(PassTester.Run(Pass, g.Build())), Is.EqualTo(new[] { 0, 0, 2, 3 }));
    }

    [Test]
    public void An_axis_that_moves_follows_from_the_others()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Input);
        g.Output("y", g.Op("Reshape", x, Lengths(g, x, 0, 2, 1)));

        Assert.That(Target(PassTester.Run(Pass, g.Build())), Is.EqualTo(new[] { 0, 6, -1 }));
    }

    [Test]
    public void A_product_of_lengths_follows_from_the_others()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Input);
        var rows = g.Op("Mul", Lengths(g, x, 0), Lengths(g, x, 1));
        g.Output("y", g.Op("Reshape", x, g.Op("Concat", [rows, g.Int64s("six", 6)], ("axis", 0L))));

        Assert.That(Target(PassTester.Run(Pass, g.Build())), Is.EqualTo(new[] { -1, 6 }));
    }

    [Test]
    public void Two_lengths_that_move_stay_computed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Input);
        g.Output("y", g.Op("Reshape", x, Lengths(g, x, 2, 0, 1)));

        PassTester.Run(Pass, g.Build()).Refuses("more than one length");
    }

    [Test]
    public void A_target_that_a_caller_gives_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Reshape", g.Input("x", DataType.Float, 2, 3), g.Input("shape", DataType.Int64, "rank")));

        PassTester.Run(Pass, g.Build(), new() { ["x"] = Tensor.Create([2, 3], new float[6]), ["shape"] = Tensor.Create([1], 6L) }).Refuses("not even the ranks");
    }

    /// <summary>The lengths of some axes as a vector; null continues with numbers as they are.</summary>
    private static Value Lengths(GraphBuilder g, Value x, params int?[] axes)
    {
        var shape = g.Op("Shape", x);
        var picked = axes.TakeWhile(axis => axis is not null)
            .Select(axis => g.Op("Gather", shape, g.Weight($"axis_{axis}", Tensor.Create([1], (long)axis!.Value))));
        var numbers = axes.SkipWhile(axis => axis is not null).Skip(1).Select(number => g.Weight($"number_{number}", Tensor.Create([1], (long)number!.Value)));
        return g.Op("Concat", [.. picked.Concat(numbers)], ("axis", 0L));
    }

    private static long[] Target(PassTest test) =>
        GraphWalker.Nodes(test.Model).Single(node => node.OpType == "Reshape").Input(1)!.Constant!.AsSpan<long>().ToArray();
}
