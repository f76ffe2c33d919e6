using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FusePadTests
{
    private static readonly FusePad Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 3, 6, 6));

    private static readonly long[] Widths = [0, 0, 1, 2, 0, 0, 2, 1];

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Conv(g, g.Op("Pad", x, g.Weight("widths", Tensor.Create([8], Widths)), g.Weight("zero", Tensor.Create([], 0f)))), Image,
            opsets: [17, 11, 13, 18, 21],
        missingOptional: (g, x) => Conv(g, g.Op("Pad", x, g.Weight("widths", Tensor.Create([8], Widths)))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(2)]
    [TestCase(10)]
    public void Attributes_of_old_opsets(long opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", Conv(g, g.Op("Pad", [g.Input("x", Image)], ("pads", Widths))));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    [Test]
    public void Axes_by_name()
    {
        var g = new GraphBuilder(18);
        var padded = g.Op("Pad", g.Input("x", Image), g.Int64s("widths", 1, 2, 3, 4), null, g.Int64s("axes", -1, 2));
        g.Output("y", Conv(g, padded, ("pads", new long[] { 1, 0, 1, 0 })));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    private static IEnumerable<TestCaseData> Pools =>
    [
        Pool("a mean", (g, x) => g.Op("AveragePool", [Pad(g, x)], Kernel)),
        Pool("a mean that counts its own padding", (g, x) =>
            g.Op("AveragePool", [Pad(g, x, 1)], Kernel, ("pads", new long[] { 1, 1, 1, 1 }), ("count_include_pad", 1))),
        Pool("a mean without padding", (g, x) =>
            g.Op("AveragePool", [Pad(g, x)], Kernel, ("auto_pad", "VALID"), ("strides", new long[] { 2, 2 }))),
        Pool("a maximum over minus infinity", (g, x) => g.Op("MaxPool", [Pad(g, x, value: float.NegativeInfinity)], Kernel)),
        Pool("a maximum over zeros behind Relu", (g, x) => g.Op("MaxPool", [Pad(g, g.Op("Relu", x))], Kernel)),
        Pool("a maximum over zeros behind Clip", (g, x) =>
            g.Op("MaxPool", [Pad(g, g.Op("Clip", x, g.Weight("low", Tensor.Create([], 0f)), g.Weight("high", Tensor.Create([], 6f))))],
                Kernel)),
    ];

    [TestCaseSource(nameof(Pools))]
    public void Pools_pad_themselves(Func<GraphBuilder, Value, Value> pool) =>
        Assert.That(PassTester.Run(Pass, Build(pool)).Operators, Has.None.EqualTo("Pad"));

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("other values", "does not pad with zeros", (g, x) => Conv(g, Pad(g, x, value: 1))),
        Refusal("channels", "pads batch or channels", (g, x) =>
            g.Op("Conv", g.Op("Pad", x, g.Int64s("widths", 0, 1, 0, 0, 0, 0, 0, 0)), g.Weight("w", Numbers.Signed(1, 2, 4, 3, 3)))),
        Refusal("cutting off", "cuts off", (g, x) => Conv(g, g.Op("Pad", x, g.Int64s("widths", 0, 0, -1, 0, 0, 0, 0, 0)))),
        Refusal("a Conv that pads by size", "follows from the padded size", (g, x) => Conv(g, Pad(g, x), ("auto_pad", "SAME_UPPER"))),
        Refusal("widths that are computed", "are not known", (g, x) => Conv(g, g.Op("Pad", x, g.Input("widths", DataType.Int64, 8))),
            isRunnable: false),
        Refusal("a mean without its own padding", "leaves its own padding out", (g, x) =>
            g.Op("AveragePool", [Pad(g, x, 1)], Kernel, ("pads", new long[] { 1, 1, 1, 1 }))),
        Refusal("a mean that rounds up", "rounds its size up", (g, x) => g.Op("AveragePool", [Pad(g, x)], Kernel, ("ceil_mode", 1))),
        Refusal("as wide as the window", "as wide as the pool's window", (g, x) => g.Op("AveragePool", [Pad(g, x, 3)], Kernel)),
        Refusal("a maximum that may be the padding", "may be the padding", (g, x) => g.Op("MaxPool", [Pad(g, x)], Kernel)),
        Refusal("a maximum over the least number", "may be the padding", (g, x) =>
            g.Op("MaxPool", [Pad(g, x, value: float.MinValue)], Kernel)),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value, Value> pattern, bool isRunnable)
    {
        var model = Build(pattern);
        if (isRunnable)
            PassTester.Run(Pass, model).Refuses(reason);
        else
            new PassTest(model, PassContexts.Run(model, Pass)).Refuses(reason);
    }

    [Test]
    public void Whole_numbers_stay()
    {
        var g = new GraphBuilder();
        var padded = g.Op("Pad", g.Op("Relu", g.Input("x", DataType.Int8, 1, 1, 4, 4)), g.Int64s("widths", Widths),
            g.Initializer("value", Tensor.Create<sbyte>(DataType.Int8, [], [99])));
        g.Output("y", g.Op("MaxPool", [padded], Kernel));

        PassTester.Run(Pass, g.Build()).Refuses("are not known");
    }

    [Test]
    public void Indices_of_a_maximum_count_the_padding()
    {
        var g = new GraphBuilder();
        var pool = g.Node("MaxPool", [Pad(g, g.Op("Relu", g.Input("x", Image)))], 2, Kernel);
        g.Output("y", pool.Output());
        g.Output("indices", pool.Output(1));

        PassTester.Run(Pass, g.Build()).Refuses("indices count the padding");
    }

    /// <summary>A pool's own padding is no number: where the window reads nothing else, the maximum is none either.</summary>
    [Test]
    public void A_window_with_gaps_may_read_padding_only()
    {
        var g = new GraphBuilder();
        var x = g.Op("Relu", g.Input("x", DataType.Float, 1, 1, 1, 1));
        var padded = g.Op("Pad", x, g.Int64s("widths", 0, 0, 1, 1, 0, 0, 1, 1));
        g.Output("y", g.Op("MaxPool", [padded], ("kernel_shape", new long[] { 2, 2 }), ("dilations", new long[] { 2, 2 })));

        PassTester.Run(Pass, g.Build()).Refuses("may leave it nothing but padding");
    }

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Pool("reflection", (g, x) => Conv(g, g.Op("Pad", [x, g.Int64s("widths", Widths)], ("mode", "reflect")))),
        Pool("read by two", (g, x) =>
        {
            var padded = Pad(g, x);
            return g.Op("Add", Conv(g, padded), Conv(g, padded));
        }),
        Pool("another reader", (g, x) => g.Op("Abs", Pad(g, x))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> pattern) => PassTester.Run(Pass, Build(pattern)).Ignores();

    private static (string, object) Kernel => ("kernel_shape", new long[] { 3, 3 });

    private static Value Conv(GraphBuilder g, Value x, params (string, object)[] attributes) =>
        g.Op("Conv", [x, g.Weight("w", Numbers.Signed(1, 2, 3, 3, 3))], attributes);

    private static Value Pad(GraphBuilder g, Value x, long width = 2, float value = 0) =>
        g.Op("Pad", x, g.Int64s("widths", 0, 0, width, 0, 0, 0, 1, width), g.Initializer("value", Tensor.Create([], value)));

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> pattern)
    {
        var g = new GraphBuilder();
        g.Output("y", pattern(g, g.Input("x", Image)));
        return g.Build();
    }

    private static TestCaseData Pool(string name, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(build).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value, Value> build, bool isRunnable = true) =>
        new TestCaseData(reason, build, isRunnable).SetArgDisplayNames(name);
}
