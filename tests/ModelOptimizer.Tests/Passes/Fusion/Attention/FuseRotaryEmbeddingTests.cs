using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion.Attention;

public sealed class FuseRotaryEmbeddingTests
{
    private const int Heads = 2;
    private const int Length = 3;
    private const int Size = 4;

    private static readonly FuseRotaryEmbedding Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });
    private static readonly FuseRotaryEmbedding Standard = new(new FuseOptions());
    private static readonly TensorType X = new(DataType.Float, new Shape(["batch", Heads, Length, Size]));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Formula, new TensorType(DataType.Float, Shape.Of(2, Heads, Length, Size)), [17, 13, 23]);

    [TestCaseSource(nameof(Rows))]
    public void Does_its_duty_everywhere(StandardRow row) => PassTester.Run(Contrib, row);

    [Test]
    public void The_standard_operator_reads_tables_for_each_batch_element() =>
        Run(Standard, 23, g => Formula(g, g.Input("x", X))).Leaves("Slice", "Unsqueeze", "Shape", "Concat", "Expand", "Slice", "Unsqueeze", "Shape", "Concat", "Expand", "RotaryEmbedding");

    [Test]
    public void Heads_are_turned_side_by_side()
    {
        var test = Run(Contrib, 17, g =>
        {
            var rows = g.Op("Reshape", g.Input("x", DataType.Float, "batch", Length, Heads * Size), g.Int64s("shape", 0, 0, Heads, Size));
            return Formula(g, g.Op("Transpose", [rows], ("perm", new long[] { 0, 2, 1, 3 })));
        });

        var rotary = GraphWalker.Nodes(test.Model).Single(node => node.OpType == "RotaryEmbedding");
        Assert.That((rotary.Input(0)!.Name, rotary.Attributes.TryGetInt("num_heads")), Is.EqualTo(("x", (long?)Heads)));
    }

    [Test]
    public void Halves_may_come_from_a_split() => Run(Contrib, 17, g =>
    {
        var x = g.Input("x", X);
        var halves = g.Node("Split", [x, g.Int64s("halves", Size / 2, Size / 2)], 2, ("axis", -1L));
        return Turn(g, x, halves.Output(0), halves.Output(1), Table(g, "cos"), Table(g, "sin"));
    }).Leaves("Slice", "Slice", "RotaryEmbedding");

    [Test]
    public void Tables_may_be_computed_from_angles_joined_to_themselves()
    {
        var test = Run(Contrib, 17, g =>
        {
            var angles = g.Input("angles", DataType.Float, Length, Size / 2);
            var both = g.Op("Concat", [angles, angles], ("axis", -1L));
            return Turn(g, g.Input("x", X), g.Op("Unsqueeze", g.Op("Cos", both), g.Int64s("a", 0, 1)), g.Op("Unsqueeze", g.Op("Sin", both), g.Int64s("b", 0, 1)));
        });

        Assert.That(test.Operators, Has.Member("RotaryEmbedding").And.No.Member("Neg"));
    }

    [TestCase(23, null)]
    [TestCase(17, "which only RotaryEmbedding of opset 23 takes")]
    public void Tables_for_each_batch_element_need_the_standard_operator(long opset, string? reason)
    {
        var test = Run(Contrib, opset, g =>
        {
            var angles = g.Input("angles", DataType.Float, "batch", 1, Length, Size / 2);
            var both = g.Op("Concat", [angles, angles], ("axis", 3L));
            return Turn(g, g.Input("x", X), g.Op("Cos", both), g.Op("Sin", both));
        });

        if (reason is null)
            Assert.That(test.Operators, Has.Member("RotaryEmbedding").And.No.Member("Neg"));
        else
            test.Refuses(reason);
    }

    [Test]
    public void Tables_with_uneven_halves_are_refused() => Run(Contrib, 17, g =>
    {
        var uneven = g.Initializer("cos", Tensor.Create([Length, Size], [.. Enumerable.Range(0, Length * Size).Select(i => i * 0.1f)]));
        return Turn(g, g.Input("x", X), uneven, Table(g, "sin"));
    }).Refuses("the two halves of 'cos' are not known to be equal");

    [Test]
    public void Tables_of_another_length_are_refused() => Run(Contrib, 17, g =>
        Turn(g, g.Input("x", DataType.Float, "batch", Heads, 1, Size), Table(g, "cos"), Table(g, "sin"))).Refuses("one row for each position");

    [TestCase(17, 1, false)]
    [TestCase(17, 64, true)]
    [TestCase(23, 1, false)]
    [TestCase(23, 64, true)]
    public void Tables_cut_to_the_length_have_a_row_for_each_position_unless_one_may_stretch(long opset, int longest, bool isFused)
    {
        var test = Run(opset < 23 ? Contrib : Standard, opset, g =>
        {
            var x = g.Input("x", DataType.Float, "batch", Heads, "length", Size);
            var length = g.Op("Gather", g.Op("Shape", x), g.Int64s("third", 2));
            return Turn(g, x, Cut("cos"), Cut("sin"));

            Value Cut(string name) => g.Op("Slice", Table(g, name, longest), g.Int64s("start", [0]), length, g.Int64s("axis", [0]));
        }, new() { ["x"] = Tensor.Create([1, Heads, Length, Size], [.. Enumerable.Range(0, Heads * Length * Size).Select(i => i * 0.1f - 1)]) });

        if (isFused)
            Assert.That(test.Operators, Has.Member("RotaryEmbedding"));
        else
            test.Refuses("one row for each position");
    }

    [TestCase(0, 3, TestName = "Not_half_but_more")]
    [TestCase(1, 3, TestName = "Not_from_the_start")]
    public void Other_cuts_are_no_candidates(long start, long end) => Run(Contrib, 17, g =>
    {
        var x = g.Input("x", X);
        var half = g.Op("Slice", x, g.Int64s("s", start), g.Int64s("e", end), g.Int64s("a", 3));
        var rest = g.Op("Slice", x, g.Int64s("s2", end - start == 3 ? 3 : 2), g.Int64s("e2", 4), g.Int64s("a2", 3));
        return Turn(g, x, half, rest, Table(g, "cos"), Table(g, "sin"));
    }).Ignores();

    [Test]
    public void Without_contrib_operators_old_opsets_say_what_would_do() =>
        Run(Standard, 17, g => Formula(g, g.Input("x", X))).Refuses("opset 17 has no RotaryEmbedding: upgrade-opset to 23 or format: contrib would do");

    private static PassTest Run(FuseRotaryEmbedding pass, long opset, Func<GraphBuilder, Value> build, Dictionary<string, Tensor>? inputs = null)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", build(g));
        return PassTester.Run(pass, g.Build(), inputs);
    }

    private static Value Formula(GraphBuilder g, Value x) => Turn(g, x, Table(g, "cos"), Table(g, "sin"));

    private static Value Turn(GraphBuilder g, Value x, Value cos, Value sin) => Turn(g, x, Half(g, x, 0, Size / 2), Half(g, x, Size / 2, long.MaxValue), cos, sin);

    private static Value Turn(GraphBuilder g, Value x, Value first, Value second, Value cos, Value sin) =>
        g.Op("Add", g.Op("Mul", x, cos), g.Op("Mul", g.Op("Concat", [g.Op("Neg", second), first], ("axis", -1L)), sin));

    private static Value Half(GraphBuilder g, Value x, long start, long end) =>
        g.Op("Slice", x, Int64(g, start), Int64(g, end), Int64(g, -1), Int64(g, 1));

    private static Value Int64(GraphBuilder g, long number) => g.Constant(Tensor.Create([1], number));

    /// <summary>One row for each position, whose second half repeats the first.</summary>
    private static Value Table(GraphBuilder g, string name, int rows = Length) => g.Weight(name,
        Tensor.Create([rows, Size], [.. Enumerable.Range(0, rows * Size).Select(i => (name.Length + i / Size + i % (Size / 2)) * 0.1f + (name[0] == 'c' ? 1 : 0))]));
}
