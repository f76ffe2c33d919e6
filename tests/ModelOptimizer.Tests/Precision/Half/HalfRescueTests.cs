using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.PeerFaults;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>Parts of a model that lose too much in float16, though no value leaves its range.</summary>
public sealed class HalfRescueTests
{
    /// <summary>Between 64 and 128 float16 has steps of 1/16, so that three times the error is 0.09 in numbers up to 3.</summary>
    private const float Offset = 100.03f;

    private static readonly Tensor Square = Tensor.Create([32, 32], Weights.Random(32 * 32));
    private static readonly ConvertFloat16Options Compute = new() { Form = HalfForm.Compute };

    [Test]
    public void A_constant_that_moves_a_whole_channel_keeps_its_part_in_float32()
    {
        var run = SmallRun.Of(Build(Shifted), new ConvertFloat16(Compute));

        Assert.That(Operators(run.Result.Graph),
            Is.EqualTo(new[] { "Cast", "MatMul", "Tanh", "Cast", "Add", "Cast", "Mul", "Sub", "MatMul", "Cast" }));
        Assert.That(Warnings(run), Is.Empty);
        Assert.That(Refusals(run, "Add"), Has.Exactly(1).Matches("loses too much.*alone computed in it, [0-9.]+ dB are left"));
        Assert.That(run.Sqnr(), Is.GreaterThan(50));
        Assert.That(run.Result.Graph.MadeValues.Concat(run.Result.Graph.Initializers).Select(value => value.Constant)
            .Any(constant => constant?.ElementType == DataType.Float && constant.AsSpan<float>().IndexOf(Offset) >= 0), "the constant is exact");
    }

    /// <summary>A few are enough for trials, and the calibration's others are never looked at by them.</summary>
    [Test]
    public void Trials_read_the_samples_that_they_take_only()
    {
        using var folder = new DataFolder();
        var rows = Weights.Random(4 * 32).Chunk(32).Select(row => $"[{string.Join(", ", row)}]");
        var line = $"{{\"x\": [{string.Join(", ", rows)}]}}";
        // Of 64 the middle ones of eight stretches.
        var data = Calibrations.WriteLines(folder, Enumerable.Range(0, 64).Select(i => i % 8 == 4 ? line : "nonsense"));
        var model = Build(Shifted);
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = Calibrations.Of(data) };

        var trials = new HalfTrials(Compute, new NodeSelector(Compute), new HalfConstants(model, DataType.Float16), context);

        Assert.That(trials.Noise(model.Clone()), Is.Zero);
    }

    [Test]
    public void Its_part_in_a_body_stays_there()
    {
        var model = Build((g, x) => g.If(g.Op("Greater", x.Graph.Insert(null, "ReduceMax", [x]).Output(), g.Constant(Tensor.Create([], -1e6f))),
            then => [Shifted(then, x)], otherwise => [otherwise.Op("Relu", x)]).Output());
        var run = SmallRun.Of(model, new ConvertFloat16(Compute));
        var body = GraphWalker.Nodes(run.Result).First(node => node.Is("If")).Bodies[0].Graph;

        Assert.That(Operators(body), Does.Contain("Cast"));
        Assert.That(Refusals(run, "Add"), Has.Exactly(1).Contains("loses too much"));
        Assert.That(run.Sqnr(), Is.GreaterThan(50));
    }

    [Test]
    public void Nothing_is_rescued_where_little_is_lost()
    {
        // The same with a constant that float16 has.
        var model = Build((g, x) =>
        {
            var bounded = g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square)));
            return g.Op("MatMul", g.Op("Add", bounded, Number(g, 0.5f)), g.Weight("v", Square));
        });
        var run = SmallRun.Of(model, new ConvertFloat16(Compute));

        Assert.That(Operators(run.Result.Graph), Is.EqualTo(new[] { "Cast", "MatMul", "Tanh", "Add", "MatMul", "Cast" }));
        Assert.That(Warnings(run), Is.Empty);
    }

    [Test]
    public void Who_names_operators_decides_alone()
    {
        var run = SmallRun.Of(Build(Shifted), new ConvertFloat16(Compute with { Operators = ["MatMul", "Tanh", "Add", "Mul", "Sub"] }));

        Assert.That(Operators(run.Result.Graph), Is.EqualTo(new[] { "Cast", "MatMul", "Tanh", "Add", "Mul", "Sub", "MatMul", "Cast" }));
    }

    [Test]
    public void Where_nothing_less_than_everything_helps_everything_is_computed_in_float16_with_a_warning()
    {
        // Both numbers are off by more than the product is worth, which cancels no better with one of them.
        var g = new GraphBuilder();
        var (weight, bias) = (Weights.Random(1024).Select(w => w / 1024), Enumerable.Repeat(50.03f, 32));
        var product = g.Op("Gemm", g.Input("x", DataType.Float, 4, 32), g.Weight("w", Tensor.Create([32, 32], [.. weight])),
            g.Weight("b", Tensor.Create([32], [.. bias])));
        g.Output("y", g.Op("Sub", product, Number(g, 50.02f)));
        var run = SmallRun.Of(g.Build(), new ConvertFloat16(Compute));

        Assert.That(run.Sqnr(), Is.LessThan(40), "much is lost");
        Assert.That(Operators(run.Result.Graph), Is.EqualTo(new[] { "Cast", "Gemm", "Sub", "Cast" }));
        var warning = Warnings(run).Single();
        Assert.That(warning.Severity, Is.EqualTo(Severity.Warning));
        var left = FormattableString.Invariant($"{run.Sqnr(optimize: false):0.#} dB (SQNR)");
        Assert.That(warning.Message, Does.StartWith($"Computed in float16, the model keeps {left}").And.Match(
            ": of 2 parts, each alone in float16, none keeps more than -?[0-9.]+ dB .*magnifies any noise. Take 'form: storage', which keeps [5-9][0-9]"));
    }

    [Test]
    public void Where_constants_alone_cost_as_much_storage_is_no_way_out()
    {
        // The difference of two products whose weights float16 can't tell apart.
        var other = Tensor.Create([32, 32], [.. Weights.Random(1024).Zip(Weights.Random(1024, seed: 3), (w, more) => w * (1 + more * 1e-5f))]);
        var model = Build((g, x) => g.Op("Sub", g.Op("MatMul", x, g.Weight("w", Square)), g.Op("MatMul", x, g.Weight("v", other))));

        var warning = Warnings(SmallRun.Of(model, new ConvertFloat16(Compute))).Single();

        Assert.That(warning.Message, Does.Contain("even with float32 arithmetic, constants in float16 cost so much")
            .And.Contain("the model magnifies any noise").And.Match("'form: storage' keeps no more than -?[0-9.]+ dB")
            .And.Contain("leave convert-float16 out").And.Not.Contain("Take 'form: storage'"));
    }

    [Test]
    public void Outputs_that_are_no_longer_zero_are_told()
    {
        // Below zero by 0.3 at least; but float16 has whole numbers only at 1500.
        var model = Build((g, x) =>
        {
            var sum = g.Op("Add", g.Op("Mul", g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square))), Number(g, 0.1f)), Number(g, 1500.4f));
            var never = g.Op("Relu", g.Op("Add", g.Op("Sub", Number(g, 1499.6f), sum), Number(g, 0.5f)));
            return g.Op("MatMul", never, g.Weight("v", Square));
        });

        var warning = Warnings(SmallRun.Of(model, new ConvertFloat16(Compute))).Single();

        Assert.That(warning.Message, Does.Contain("no longer zero").And.EndWith("Take 'form: storage', which keeps everything and is as small"));
    }

    private static IEnumerable<Diagnostic> Warnings(SmallRun run) => run.Diagnostics.Where(diagnostic => diagnostic.Code == "MO4015");

    private static Value Shifted(GraphBuilder g, Value x)
    {
        var bounded = g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square)));
        var shifted = g.Op("Mul", g.Op("Add", bounded, g.Weight("offset", Tensor.Create([32], [.. Enumerable.Repeat(Offset, 32)]))), Number(g, 3));
        return g.Op("MatMul", g.Op("Sub", shifted, Number(g, 300)), g.Weight("v", Square));
    }

    private static Value Number(GraphBuilder g, float number) => g.Weight($"number {number}", Tensor.Create([], number));

    private static IEnumerable<string> Operators(Graph graph) => graph.Nodes.Select(node => node.OpType).Where(name => name != "Constant");

    private static IEnumerable<string> Refusals(SmallRun run, string opType) =>
        run.Log.Refusals.Where(refusal => refusal.Where.StartsWith($"{opType} ", StringComparison.Ordinal)).Select(refusal => refusal.Why);

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> pattern)
    {
        var g = new GraphBuilder();
        g.Output("y", pattern(g, g.Input("x", DataType.Float, 4, 32)));
        return g.Build();
    }
}
