using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>What is said about slowness; no clock runs here.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SlownessTests
{
    private static readonly SourceLocation Here = new("model-opt.yaml", 5, 5);
    private readonly DiagnosticBag _diagnostics = new();

    [TestCase(1.01, 1.2, true)]
    [TestCase(0.99, 1.01, false, TestName = "The middle half tells noise from slowness")]
    public void A_result_slower_than_the_original_is_told_at_the_pass(double low, double median, bool told)
    {
        SlownessReview.ReportSlower(Measured(low, median), Quantized, Profile(new QuantizeDynamicOptions()), _diagnostics);

        Assert.That(_diagnostics.Diagnostics.Select(one => (one.Code, one.Location)), Is.EqualTo(told ? new[] { ("MO4070", (SourceLocation?)Here) } : []));
    }

    [TestCase(1099, 0)]
    [TestCase(1200, 1, TestName = "All operators together are slower though none is by itself")]
    public void The_sum_of_profiled_operators_tells_where_nothing_else_does(double result, int count)
    {
        var comparison = new OperatorComparison([], [], 1000, result);

        SlownessReview.ReportProfiled(comparison, Empty, Quantized, new Measurements([]), Profile(new QuantizeDynamicOptions()), _diagnostics);
        SlownessReview.ReportProfiled(comparison, Empty, Quantized, Measured(2, 3), Profile(new QuantizeDynamicOptions()), _diagnostics);

        Assert.That(_diagnostics.Diagnostics.Select(one => (one.Code, one.Location)), Is.EqualTo(Enumerable.Repeat(("MO4070", (SourceLocation?)Here), count)));
        Assert.That(_diagnostics.Diagnostics.Select(one => one.Message),
            Has.All.StartsWith("All operators of the result take 1.2 ms a run instead of 1 (1.2 ×) on this CPU: quantize-dynamic made it slower. No operator is"));
    }

    [Test]
    public void A_budget_of_time_speaks_for_itself()
    {
        var profile = Profile(new QuantizeDynamicOptions()) with { Budget = [new BudgetLimit("latency-ratio", Here) { Max = 5 }] };

        SlownessReview.ReportSlower(Measured(2, 3), Quantized, profile, _diagnostics);

        Assert.That(_diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void Passes_that_quantize_nothing_are_not_blamed()
    {
        var profile = new OptimizationProfile { Passes = [new PassSettings("simplify", null, Here)] };
        var slower = new OperatorComparison([], [], 1000, 2000);

        SlownessReview.ReportSlower(Measured(2, 3), Quantized, profile, _diagnostics);
        SlownessReview.ReportProfiled(slower, Empty, Quantized, new Measurements([]), profile, _diagnostics);
        SlownessReview.ReportSlower(Measured(2, 3), new RewriteLog(), Profile(new QuantizeDynamicOptions()), _diagnostics);
        SlownessReview.ReportProfiled(slower, Empty, new RewriteLog(), new Measurements([]), Profile(new QuantizeDynamicOptions()), _diagnostics);

        Assert.That(_diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void A_slow_type_is_named_with_the_line_that_keeps_it_float()
    {
        var comparison = new OperatorComparison([new("Conv", ["c1", "c2"], "ConvInteger", 100, 1100)], [], 1000, 2000);

        ReportOperators(comparison, Empty, new RewriteLog(), Profile(new QuantizeDynamicOptions { ExcludeOperators = ["Gemm"] }));

        Assert.That(_diagnostics.Diagnostics.Single(), Has.Property("Code").EqualTo("MO4071").And.Property("Location").EqualTo(Here).And.Message.EqualTo(
            "Conv (2 nodes) is slower as ConvInteger than it was in float: 1.1 ms a run instead of 0.1 (11 ×). "
            + "To keep it float: '- quantize-dynamic: { exclude-operators: [Gemm, Conv] }'"));
    }

    [Test]
    public void Slow_types_of_one_pass_share_a_line()
    {
        var comparison = new OperatorComparison([new("Conv", ["c"], "ConvInteger", 100, 1100), new("MatMul", ["m"], "MatMulNBits", 100, 200), new("Gemm", ["g"], "QGemm", 100, 50)], [], 1000, 2000);

        ReportOperators(comparison, Empty, new RewriteLog(), Profile(new QuantizeDynamicOptions()));

        Assert.That(_diagnostics.Diagnostics.Select(one => one.Message), Has.Exactly(2).Items.And.All.EndsWith("'- quantize-dynamic: { exclude-operators: [Conv, MatMul] }'"));
    }

    [Test]
    public void Slow_nodes_are_named_together()
    {
        ComparedOperator first = new("MatMul", ["/a/MatMul"], "MatMulNBits", 100, 300), second = new("MatMul", ["/b"], "MatMulNBits", 100, 200);
        var comparison = new OperatorComparison([new("MatMul", ["/a/MatMul", "/b", "/c"], "MatMulNBits", 2200, 600)], [first, second], 1000, 2000);

        ReportOperators(comparison, Empty, new RewriteLog(), Profile(new QuantizeDynamicOptions()));

        Assert.That(_diagnostics.Diagnostics.Select(one => one.Message),
            Has.Exactly(2).Items.And.All.EndsWith("'- quantize-dynamic: { exclude: [\"/a/MatMul\", \"/b\"] }'"));
    }

    /// <summary>What the line names must exclude the node, whatever it was called when it was timed.</summary>
    [TestCase("hidden", "MatMul that makes 'hidden'", "exclude: [w1]")]
    [TestCase("twin", "MatMul 'twin'", "exclude: [w2]")]
    [TestCase("out", "MatMul that makes 'out'", "exclude: [w3]")]
    [TestCase("square", "MatMul that makes 'square'", "exclude-operators: [MatMul]")]
    public void Nodes_without_a_name_of_their_own_are_met_by_their_weight_or_type(string timed, string described, string line)
    {
        var g = new GraphBuilder();
        var hidden = g.Node("MatMul", [g.Input("x", DataType.Float, 4, 4), g.Initializer("w1", [4, 4], new float[16])]);
        var first = g.Node("MatMul", [hidden.Output(), g.Initializer("w2", [4, 4], new float[16])]);
        var second = g.Node("MatMul", [first.Output(), g.Initializer("w3", [4, 4], new float[16])]);
        var square = g.Node("MatMul", [second.Output(), second.Output()]);
        (first.Name, second.Name) = ("twin", "twin");
        (hidden.Output().Name, second.Output().Name, square.Output().Name) = ("hidden", "out", "square");
        g.Output("y", g.Op("Relu", square.Output()));
        var model = g.Build();
        ComparedOperator type = new("MatMul", [timed], "MatMulInteger", 1000, 900), node = new("MatMul", [timed], "MatMulInteger", 100, 300);
        var comparison = new OperatorComparison([type], [node], 1000, 900);

        ReportOperators(comparison, model, new RewriteLog(), Profile(new QuantizeDynamicOptions()));

        var message = _diagnostics.Diagnostics.Single().Message.Replace("\"", "", StringComparison.Ordinal);
        Assert.That(DistinctNames.In(model).Graph.Nodes.Select(node => node.Name), Does.Contain(timed));
        Assert.That(message, Does.StartWith(described + " is slower").And.EndsWith($"'- quantize-dynamic: {{ {line} }}'"));
    }

    [Test]
    public void What_only_moves_numbers_is_not_to_be_kept_float()
    {
        var g = new GraphBuilder();
        var reshape = g.Node("Reshape", [g.Input("x", DataType.Float, 4, 4), g.Initializer("shape", Tensor.Create(DataType.Int64, [1], [16L]))]);
        var lookup = g.Node("Gather", [g.Initializer("table", [4, 4], new float[16]), g.Input("ids", DataType.Int64, 4)]);
        (reshape.Name, lookup.Name) = ("reshape", "lookup");
        g.Output("y", reshape.Output());
        g.Output("z", lookup.Output());
        ComparedOperator[] slow =
            [new("Reshape", ["reshape"], "QuantizeLinear", 100, 300), new("Gather", ["lookup"], "GatherBlockQuantized", 100, 300)];
        var model = g.Build();

        ReportOperators(new(slow, slow, 1000, 2000), model, new RewriteLog(), Profile(new QuantizeDynamicOptions()));
        ReportOperators(new([], slow, 1000, 2000), model, new RewriteLog(), Profile(new QuantizeDynamicOptions()));

        Assert.That(_diagnostics.Diagnostics.Select(one => one.Message), Has.Exactly(2).Items.And.All.StartsWith("Gather"));
    }

    /// <summary>It can't point to what is not there.</summary>
    [TestCase("Reshape", "No operator is much slower by itself")]
    [TestCase("Gather", "What is named below is why")]
    public void What_is_named_below_is_below(string slow, string next)
    {
        var g = new GraphBuilder();
        var node = slow == "Gather" ? g.Node(slow, [g.Initializer("table", [4, 4], new float[16]), g.Input("ids", DataType.Int64, 4)])
            : g.Node(slow, [g.Input("x", DataType.Float, 4, 4), g.Initializer("shape", Tensor.Create(DataType.Int64, [1], [16L]))]);
        node.Name = "slow";
        g.Output("y", node.Output());
        var comparison = new OperatorComparison([new(slow, ["slow"], "QuantizeLinear", 100, 300)], [], 1000, 2000);

        SlownessReview.ReportProfiled(comparison, g.Build(), Quantized, new Measurements([]), Profile(new QuantizeDynamicOptions()), _diagnostics);

        Assert.That(_diagnostics.Diagnostics.Select(one => one.Code), Is.EqualTo(slow == "Gather" ? new[] { "MO4070", "MO4071" } : ["MO4070"]));
        Assert.That(_diagnostics.Diagnostics[0].Message, Does.Contain(next));
    }

    [Test]
    public void The_pass_is_the_one_whose_log_names_the_weight()
    {
        var g = new GraphBuilder();
        var node = g.Node("MatMul", [g.Input("x", DataType.Float, 4, 4), g.Initializer("w", [4, 4], new float[16])]);
        node.Name = "/a";
        g.Output("y", node.Output());
        var log = new RewriteLog();
        using (log.Enter("quantize-weights"))
            log.TryAdd("store in 4 bits", "w");
        var profile = Profile(new QuantizeDynamicOptions());
        profile = profile with { Passes = [.. profile.Passes, new PassSettings("quantize-weights", new QuantizeWeightsOptions(), Here)] };

        ReportOperators(new([new("MatMul", ["/a"], "MatMulNBits", 100, 300)], [], 100, 300), g.Build(), log, profile);

        Assert.That(_diagnostics.Diagnostics.Single().Message, Does.EndWith("'- quantize-weights: { exclude-operators: [MatMul] }'"));
    }

    [Test]
    public void A_broken_budget_of_time_names_the_worst_type()
    {
        var measured = SlownessReview.WithWorst(Measured(2, 3), new([new("Conv", ["c"], "ConvInteger", 100, 1100), new("MatMul", ["m"], "MatMulNBits", 50, 100)], [], 1000, 2000));

        Assert.That(measured.Find("latency-ratio")!.Remark, Does.EndWith("; slowest is Conv, 11 × its float form"));
    }

    [Test]
    public void Latencies_are_medians_and_ratios_are_of_the_same_round()
    {
        var samples = new[] { new Sample(new Dictionary<string, Tensor>()) { Rows = 2 }, new Sample(new Dictionary<string, Tensor>()) { Rows = 4 } };

        var latency = ModelLatency.Of(TimeSpan.FromSeconds(9), [0.125, 0.25, 0.75], [0.25, 0.25, 0.25], samples);

        Assert.Multiple(() =>
        {
            Assert.That(latency.Median.TotalSeconds, Is.EqualTo(0.25).Within(1e-6));
            Assert.That(latency.Percentile95.TotalSeconds, Is.EqualTo(0.7).Within(1e-6));
            Assert.That(latency.RowsPerSecond, Is.EqualTo(8 / 1.125).Within(1e-9), "2 + 4 + 2 rows");
            Assert.That(latency.Ratio, Is.EqualTo(new Spread(0.75, 1, 2)));
        });
    }

    [Test]
    public void Shares_of_time_add_up_by_type_and_by_kernel()
    {
        var times = OperatorTimes.Of([new KernelTime("a", "Conv", [1, 3, 100]), new KernelTime("b", "Conv", [2, 2, 2]), new KernelTime("c", "Relu", [15, 15, 15])]);

        Assert.That(times.Types.Select(type => (type.OpType, type.Count, type.Microseconds, type.Share)), Is.EqualTo(new[] { ("Relu", 1, 15.0, 0.75), ("Conv", 2, 5.0, 0.25) }));
        Assert.That(times.Kernels.Select(kernel => kernel.Name), Is.EqualTo(new[] { "c", "a", "b" }));
    }

    [TestCase(null, 3, 14, false)]
    [TestCase(null, 3, 15, true)]
    [TestCase(null, 0, 301, true)]
    [TestCase(2, 0, 2, true)]
    [TestCase(500, 9, 499, false)]
    public void Rounds_go_on_for_a_time_or_a_number(int? rounds, int seconds, int done, bool enough) =>
        Assert.That(new RoundSettings { Rounds = rounds }.IsEnough(done, TimeSpan.FromSeconds(seconds)), Is.EqualTo(enough));

    [Test]
    public void Open_batch_axes_get_the_batch_wherever_their_symbol_stands()
    {
        NamedType[] inputs =
        [
            new("x", new TensorType(DataType.Float, new Shape([new Dimension(null, "b"), new Dimension(null, "t")]))),
            new("h", new TensorType(DataType.Float, new Shape([2, new Dimension(null, "b"), 8]))),
        ];

        Assert.That(BatchBinding.Bind(inputs, 4).Select(input => input.Type!.Shape!.ToString()), Is.EqualTo(new[] { "[4,t]", "[2,4,8]" }));
    }

    /// <summary>Throughput counts rows.</summary>
    [TestCase(8, 1, 8)]
    [TestCase(8, 8, 8)]
    [TestCase(-1, 4, 4)]
    [TestCase(1, 1, 1)]
    public void Made_up_samples_have_the_rows_of_their_inputs(int axis, int batch, int rows)
    {
        var samples = BenchSamples.Take(PassContexts.Engine, [Batched(axis)], new EvaluateSettings { Batch = batch }).Samples;

        Assert.That(samples.Select(sample => (sample.Rows, sample.Inputs["x"].Dimensions[0])), Has.All.EqualTo(((long)rows, (long)rows)));
    }

    [Test]
    public void A_batch_that_the_model_cannot_take_is_refused()
    {
        var settings = new EvaluateSettings { Batch = 4, Location = Here };

        var problem = Assert.Throws<DiagnosticException>(() => BenchSamples.Take(PassContexts.Engine, [Batched(8)], settings))!.Diagnostics.Single();

        Assert.That((problem.Code, problem.Location), Is.EqualTo(("MO5004", Here)));
        Assert.That(problem.Message, Is.EqualTo("A batch of 4 is wanted, but the model's inputs fix it to 8 (x: float[8,3]); leave the batch out"));
    }

    /// <summary>One row goes without saying; who says it wants it.</summary>
    [Test]
    public void One_row_that_is_asked_for_is_refused_like_any_other_batch()
    {
        var problem = Assert.Throws<DiagnosticException>(() => BenchSamples.Take(PassContexts.Engine, [Batched(8)], new EvaluateSettings(), isBatchAsked: true))!;

        Assert.That(problem.Diagnostics.Single().Message, Does.StartWith("A batch of 1 is wanted, but the model's inputs fix it to 8 "));
        Assert.That(BenchSamples.Take(PassContexts.Engine, [Batched(1)], new EvaluateSettings(), isBatchAsked: true).Samples[0].Rows, Is.EqualTo(1));
    }

    /// <summary>As where the whole was timed already.</summary>
    private void ReportOperators(OperatorComparison comparison, OnnxModel original, RewriteLog log, OptimizationProfile profile) =>
        SlownessReview.ReportProfiled(comparison, original, log, Measured(1, 1), profile, _diagnostics);

    private static RewriteLog Quantized
    {
        get
        {
            var log = new RewriteLog();
            using (log.Enter("quantize-dynamic"))
                log.TryAdd("quantize", "w");
            return log;
        }
    }

    private static OnnxModel Batched(int axis)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", axis < 0 ? g.Input("x", DataType.Float, "n", 3) : g.Input("x", DataType.Float, axis, 3)));
        return g.Build();
    }

    private static OnnxModel Empty => OnnxModel.Create(8, new Dictionary<string, long> { [""] = 17 });

    private static OptimizationProfile Profile(QuantizeDynamicOptions options) => new() { Passes = [new PassSettings("quantize-dynamic", options, Here)] };

    private static Measurements Measured(double low, double median) =>
        new([new Measurement(new LatencyRatio().Declaration, null, median) { Spread = new Spread(low, median, median + 1), Remark = "timed" }]);
}
