using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Calibration;

public sealed class BodyValueTests
{
    private static readonly Tensor s_yes = Tensor.Create(DataType.Bool, [], new byte[] { 1 });
    private static readonly Tensor s_no = Tensor.Create(DataType.Bool, [], new byte[] { 0 });

    [TestCase("min-max", 11)]
    [TestCase("min-max", 18)]
    [TestCase("percentile", 17)]
    public void Both_branches_of_an_If_are_seen_where_they_are_taken(string calibrator, int opset)
    {
        var g = new GraphBuilder(opset);
        var (c, x) = (g.Input("c", DataType.Bool), g.Input("x", DataType.Float, "n"));
        Value negative = null!, absolute = null!;
        var node = g.If(c, then => [then.Op("Abs", negative = then.Op("Neg", x))], otherwise => [absolute = otherwise.Op("Abs", x)]);
        g.Output("y", node.Output());

        var ranges = Ranges(g.Build(), [negative, absolute], calibrator, out var partial,
            [("c", s_yes), ("x", Tensor.Create([2], 1f, 4f))], [("c", s_no), ("x", Tensor.Create([1], -7f))], [("c", s_yes), ("x", Tensor.Create([0], Array.Empty<float>()))]);

        Assert.That(ranges, Is.EqualTo(new ValueRange?[] { new(-4, -1), new(7, 7) }));
        Assert.That(partial, Is.Empty);
    }

    [TestCase("min-max", false, "")]
    [TestCase("percentile", false, "")]
    [TestCase("min-max", true, "")]
    [TestCase("percentile", true, "its shape may differ from iteration to iteration")]
    public void Every_iteration_of_a_Loop_is_seen(string calibrator, bool grows, string why)
    {
        var g = new GraphBuilder(opset: 17);
        var x = g.Input("x", DataType.Float, "n");
        Value inside = null!;
        var loop = g.Loop(g.Initializer("trips", Tensor.Create([], 3L)), null, [x], (body, formals) =>
        {
            inside = body.Op("Mul", formals[2], body.Initializer("two", [], 2));
            return [body.Op("Identity", formals[1]), grows ? body.Op("Concat", [inside, inside], ("axis", 0L)) : inside];
        });
        g.Output("y", loop.Output());

        var ranges = Ranges(g.Build(), [inside], calibrator, out var partial, [("x", Tensor.Create([2], 1f, -3f))], [("x", Tensor.Create([1], float.NaN))]);

        Assert.That(ranges, Is.EqualTo(new ValueRange?[] { new(-24, 8) }));
        Assert.That(string.Concat(partial.Select(view => view.Why)), Is.EqualTo(why));
    }

    [TestCase("min-max")]
    [TestCase("percentile")]
    public void Every_step_of_a_Scan_is_seen(string calibrator)
    {
        var g = new GraphBuilder(opset: 17);
        var x = g.Input("x", DataType.Float, "n", 2);
        Value inside = null!;
        var scan = g.Scan([g.Initializer("start", [2], 0, 0)], [x], (body, formals) => [inside = body.Op("Add", formals[0], formals[1]), body.Op("Neg", inside)]);
        g.Output("y", scan.Output(1));

        var ranges = Ranges(g.Build(), [inside], calibrator, out _, [("x", Tensor.Create([2, 2], 1f, 2f, 10f, -20f))]);

        Assert.That(ranges, Is.EqualTo(new ValueRange?[] { new(-18, 11) }));
    }

    [TestCase(11)]
    [TestCase(18)]
    public void An_If_in_a_Loop_in_an_If_in_a_Loop_shows_its_extremes(int opset)
    {
        var g = new GraphBuilder(opset);
        var (c, x) = (g.Input("c", DataType.Bool), g.Input("x", DataType.Float, "n"));
        Value deep = null!;
        var trips = g.Initializer("trips", Tensor.Create([], 2L));
        var loop = g.Loop(trips, null, [x], (outer, formals) =>
        {
            var branch = outer.If(c, then =>
            {
                var inner = then.Loop(trips, null, [formals[2]], (body, carried) =>
                {
                    var last = body.If(c, yes => [deep = yes.Op("Add", carried[2], carried[2])], no => [no.Op("Identity", carried[2])]);
                    return [body.Op("Identity", carried[1]), last.Output()];
                });
                return [inner.Output()];
            }, otherwise => [otherwise.Op("Identity", formals[2])]);
            return [outer.Op("Identity", formals[1]), branch.Output()];
        });
        g.Output("y", loop.Output());
        var model = g.Build();

        var ranges = Ranges(model, [deep], "min-max", out _, [("c", s_no), ("x", Tensor.Create([1], 100f))], [("c", s_yes), ("x", Tensor.Create([2], 1f, -1f))]);
        _ = Ranges(model, [deep], "percentile", out var partial, [("c", s_yes), ("x", Tensor.Create([1], 1f))]);

        Assert.That(ranges, Is.EqualTo(new ValueRange?[] { new(-16, 16) }));
        Assert.That(partial.Single().Why, Is.EqualTo("it lies in a branch inside of a loop, which need not make it in each iteration"));
    }

    [TestCase("min-max")]
    [TestCase("percentile")]
    public void All_calls_of_a_function_count(string calibrator)
    {
        var g = new GraphBuilder(opset: 17);
        var x = g.Input("x", DataType.Float, "n");
        Value inside = null!;
        g.Function("local", "Twice", 1, (f, inputs) => [f.Op("Neg", inside = f.Op("Add", inputs[0], inputs[0]))]);
        g.Output("y", g.Op("local.Twice", g.Op("local.Twice", x)));

        var ranges = Ranges(g.Build(), [inside], calibrator, out _, [("x", Tensor.Create([2], 1f, 5f))]);

        Assert.That(ranges, Is.EqualTo(new ValueRange?[] { new(-20, 10) }));
    }

    [Test]
    public void Any_observer_sees_what_branches_make()
    {
        var g = new GraphBuilder(opset: 17);
        var (c, x) = (g.Input("c", DataType.Bool), g.Input("x", DataType.Int64, "n", 2));
        Value inside = null!;
        var node = g.If(c, then => [inside = then.Op("Neg", x)], otherwise => [otherwise.Op("Identity", x)]);
        g.Output("y", node.Output());
        var model = g.Build();
        using var observation = new Observation<Shapes>(PassContexts.Engine, model, [inside], _ => new Shapes());

        var (observers, _) = observation.Run(
            [Calibrations.Sample(0, ("c", s_yes), ("x", Tensor.Create([1, 2], 1L, 2L))), Calibrations.Sample(1, ("c", s_no), ("x", Tensor.Create([1, 2], 1L, 2L)))],
            1 << 20, threads: 1, default);

        Assert.That(observers[inside].Seen, Is.EqualTo(new[] { "int64[1,2]" }));
    }

    [Test]
    public void All_values_of_real_bodies_are_seen()
    {
        var path = SharedModels.Require("silero-v5.onnx");
        var model = OnnxModel.Load(path);
        var values = GraphWalker.Graphs(model).Where(graph => graph.Owner is not null).SelectMany(graph => graph.Nodes).Where(node => node.OpType != "Constant")
            .SelectMany(node => node.Outputs).OfType<Value>().ToList();
        var calibration = Calibrations.Of(Path.ChangeExtension(path, ".calib.npz"), samples: 4);

        var whole = calibration.Ranges(model, values, new RangeOptions());
        var sliced = Calibrations.Of(Path.ChangeExtension(path, ".calib.npz"), memory: 1 << 18, samples: 4).Ranges(model, values, new RangeOptions());

        Assert.That(whole, Has.Count.GreaterThan(50));
        Assert.That(Calibrations.Text(sliced), Is.EqualTo(Calibrations.Text(whole)));
    }

    private static List<ValueRange?> Ranges(OnnxModel model, Value[] values, string calibrator, out IReadOnlyList<PartialView> partial, params (string, Tensor)[][] samples)
    {
        var options = new RangeOptions { Calibrator = Calibrator.Find(calibrator)!, Percentile = 100 };
        using var observation = new Observation<RangeObserver>(PassContexts.Engine, model, values, _ => new RangeObserver(options));
        var (observers, _) = observation.Run(samples.Select((inputs, i) => Calibrations.Sample(i, inputs)), 1 << 20, threads: 2, default);
        partial = observation.Partial;
        return [.. values.Select(value => observers[value].Range)];
    }

    private sealed class Shapes : ModelOptimizer.Calibration.IObserver<Shapes>
    {
        public List<string> Seen { get; } = [];

        public void Observe(Tensor value) => Seen.Add(value.ToString());

        public void Merge(Shapes later) => Seen.AddRange(later.Seen);
    }
}
