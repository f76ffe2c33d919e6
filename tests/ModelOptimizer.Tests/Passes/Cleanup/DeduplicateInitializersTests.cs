using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class DeduplicateInitializersTests
{
    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", g.Op("Add", x, g.Weight("a", Three())), g.Weight("b", Three())), new(DataType.Float, Shape.Of(2, 3)), opsets: [17, 8, 13],
        missingOptional: (g, x) => g.Op("Add", g.Op("Clip", x, null, g.Weight("a", Tensor.Create([], 1f))), g.Weight("b", Tensor.Create([], 1f))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(new DeduplicateInitializers(), row);

    [Test]
    public void Equal_constants_are_stored_once_in_whatever_form()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 3);
        g.Output("y", g.Op("Sum", x, g.Initializer("a", Three()), g.Initializer("b", Three()), g.Constant(Three())));

        var test = PassTester.Run(new DeduplicateInitializers(), g.Build());

        Assert.That(test.Initializers.Select(value => value.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(test.Model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Sum" }));
    }

    [Test]
    public void A_body_reads_the_constant_around_it()
    {
        var g = new GraphBuilder();
        var x = g.Op("Add", g.Input("x", DataType.Float, 2, 3), g.Initializer("outer", Three()));
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("Mul", x, then.Initializer("inner", Three()))],
            otherwise => [otherwise.Op("Sub", x, otherwise.Constant(Three()))]).Output());

        var test = PassTester.Run(new DeduplicateInitializers(), g.Build());

        Assert.That(test.Initializers.Select(value => value.Name), Is.EqualTo(new[] { "outer" }));
    }

    [Test]
    public void A_Constant_behind_the_body_is_out_of_its_reach()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 3);
        var branch = g.If(g.Input("c", DataType.Bool), then => [then.Op("Mul", x, then.Constant(Three()))], otherwise => [otherwise.Op("Exp", x)]);
        g.Output("y", g.Op("Add", branch.Output(), g.Constant(Three())));

        PassTester.Run(new DeduplicateInitializers(), g.Build()).Ignores();
    }

    [TestCaseSource(nameof(Different))]
    public void Different_constants_stay(Tensor a, Tensor b)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Identity", g.Initializer("a", a)));
        g.Output("z", g.Op("Identity", g.Initializer("b", b)));

        PassTester.Run(new DeduplicateInitializers(), g.Build()).Ignores();
    }

    private static IEnumerable<TestCaseData> Different =>
    [
        new TestCaseData(Three(), Tensor.Create([1, 3], 1f, 2f, 3f)).SetArgDisplayNames("shape"),
        new TestCaseData(Three(), Tensor.Create(DataType.Int32, [3], [0x3f800000, 0x40000000, 0x40400000])).SetArgDisplayNames("type"),
        new TestCaseData(Long(9999, 0), Long(9999, 5000)).SetArgDisplayNames("one element in between"),
        new TestCaseData(Tensor.Create([1], 0f), Tensor.Create([1], -0f)).SetArgDisplayNames("sign of zero"),
    ];

    [Test]
    public void Constants_that_are_outputs_keep_their_own_name()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Initializer("a", Three()));
        g.Output("z", g.Initializer("b", Three()));

        PassTester.Run(new DeduplicateInitializers(), g.Build()).Ignores();
    }

    private static Tensor Three() => Tensor.Create([3], 1f, 2f, 3f);

    /// <summary>Zeros but for one element.</summary>
    private static Tensor Long(int count, int place)
    {
        var elements = new float[count];
        elements[place] = 1;
        return Tensor.Create([count], elements);
    }
}
