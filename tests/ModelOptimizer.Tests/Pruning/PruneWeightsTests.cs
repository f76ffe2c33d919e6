using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Single weights become zero.</summary>
public sealed class PruneWeightsTests
{
    [TestCase(SparsityMethod.Magnitude)]
    [TestCase(SparsityMethod.Wanda)]
    [TestCase(SparsityMethod.Sparsegpt)]
    public void A_share_of_the_weights_becomes_zero(SparsityMethod method)
    {
        var model = Pruned(new() { Method = method, Sparsity = new(0.25) }, out var log);

        Assert.That(Weight(model).Count(0f), Is.EqualTo(32 * 8 / 4));
        Assert.That(log.Rewrites.Single().What, Is.EqualTo($"make 25% of the weights zero by {method.ToString().ToLowerInvariant()} in"));
    }

    [TestCase(SparsityMethod.Magnitude)]
    [TestCase(SparsityMethod.Wanda)]
    [TestCase(SparsityMethod.Sparsegpt)]
    public void Of_four_neighbours_along_the_inputs_two_become_zero(SparsityMethod method)
    {
        var weight = Weight(Pruned(new() { Method = method, Pattern = "2:4" }, out _));

        // [inputs, outputs]: neighbours stand eight apart.
        for (var output = 0; output < 8; output++)
            for (var group = 0; group < 8; group++)
                Assert.That(Enumerable.Range(4 * group, 4).Count(input => weight[input * 8 + output] == 0), Is.EqualTo(2));
    }

    [Test]
    public void The_smallest_go_by_magnitude()
    {
        var (before, after) = (Weight(Model()), Weight(Pruned(new() { Method = SparsityMethod.Magnitude }, out _)));
        var gone = before.Zip(after).Where(pair => pair.Second == 0).Max(pair => Math.Abs(pair.First));

        Assert.That(before.Zip(after).Where(pair => pair.Second != 0), Has.All.Matches<(float First, float Second)>(pair => pair.First == pair.Second && Math.Abs(pair.First) >= gone));
    }

    [Test]
    public void What_small_inputs_are_multiplied_by_goes_first_by_wanda()
    {
        // The second half of the inputs is a thousand times smaller.
        var weight = Weight(Pruned(new() { Method = SparsityMethod.Wanda }, out _));

        Assert.That(weight[..(16 * 8)], Has.None.Zero);
        Assert.That(weight[(16 * 8)..], Has.All.Zero);
    }

    [Test]
    public void Data_tells_which_weights_matter()
    {
        double Error(SparsityMethod method) => RecoveryTests.Error(Model(), Pruned(new() { Method = method }, out _));
        var (magnitude, wanda, sparsegpt) = (Error(SparsityMethod.Magnitude), Error(SparsityMethod.Wanda), Error(SparsityMethod.Sparsegpt));

        Assert.That(wanda, Is.LessThan(0.01 * magnitude));
        Assert.That(sparsegpt, Is.LessThan(0.1 * magnitude));
    }

    [Test]
    public void Sparsegpt_lets_others_make_up_for_what_goes()
    {
        var (compensated, cut) = (0.0, 0.0);
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            float[] rows = [.. Enumerable.Range(0, 64 * 16).Select(_ => (float)random.NextDouble())];
            float[] weights = [.. Enumerable.Range(0, 4 * 16).Select(_ => (float)random.NextDouble() - 0.5f)];
            var (gram, pruned) = (new float[16 * 16], (float[])weights.Clone());
            MatrixProduct.AddGram(MatrixView.Of(gram, 16, 16), MatrixView.Of(rows, 64, 16));
            SparseGpt.Of(gram, 16)!.Prune(pruned, new(0.5, null));

            Assert.That(pruned.Count(weight => weight == 0), Is.EqualTo(32));
            compensated += Missed(rows, weights, pruned);
            cut += Missed(rows, weights, [.. weights.Zip(pruned, (before, after) => after == 0 ? 0 : before)]);
        }
        Assert.That(compensated, Is.LessThan(0.7 * cut));
    }

    [Test]
    public void All_tensors_are_held_against_each_other()
    {
        var model = Two([.. Weight(Model()).Select(weight => weight / 1000)], Weight(Model()));
        PassContexts.Run(model, new PruneWeights(new() { Scope = SparsityScope.Global }));

        Assert.That(model.Graph.Initializers.Select(weight => weight.Initializer!.AsSpan<float>().Count(0f)), Is.EquivalentTo([256, 0]));
    }

    [Test]
    public void Of_equal_weights_as_many_go_as_asked_for()
    {
        var model = Two([.. Enumerable.Repeat(1f, 256)], [.. Enumerable.Range(0, 256).Select(i => i % 2 == 0 ? -1f : 2f)]);
        PassContexts.Run(model, new PruneWeights(new() { Scope = SparsityScope.Global, Sparsity = new(0.6) }));

        Assert.That(model.Graph.Initializers.Sum(weight => weight.Initializer!.AsSpan<float>().Count(0f)), Is.EqualTo(307));
        Assert.That(model.Graph.Initializers.Single(weight => weight.Initializer!.Dimensions[0] == 8).Initializer!.AsSpan<float>().Count(2f), Is.EqualTo(128));
    }

    [Test]
    public void What_is_not_finite_stays_and_is_not_counted()
    {
        var model = Two([float.PositiveInfinity, .. Enumerable.Repeat(0.5f, 255)], [.. Enumerable.Range(1, 256).Select(i => (float)i)]);
        var log = PassContexts.Run(model, new PruneWeights(new() { Scope = SparsityScope.Global }));

        Assert.That(log.Weights.Single().Refusal, Does.Contain("infinite"));
        Assert.That(model.Graph.Initializers.Select(weight => weight.Initializer!.AsSpan<float>().Count(0f)), Is.EquivalentTo([0, 128]));
    }

    [Test]
    public void Gptq_goes_by_what_sparsegpt_saw()
    {
        var (shared, anew) = (Quantized(isApart: false, out var runs), Quantized(isApart: true, out var runsApart));

        Assert.That((runs, runsApart), Is.EqualTo((2, 3)));
        Assert.That(ModelWriter.ToBytes(shared), Is.EqualTo(ModelWriter.ToBytes(anew)));
    }

    [Test]
    public void What_was_seen_is_forgotten_once_the_model_changes()
    {
        var memory = new InputMemory();
        memory.Keep(new Dictionary<Value, InputGram> { [Model().Graph.Inputs[0]] = new() }, at: 1);

        Assert.That(memory.Take(at: 2), Is.Empty);
    }

    /// <param name="isApart">Whether passes know nothing of each other.</param>
    /// <param name="runs">How often the data was run.</param>
    private static OnnxModel Quantized(bool isApart, out int runs)
    {
        var (model, progress) = (Two(Weight(Model()), RecoveryTests.Numbers(256, 5)), new RunCounter());
        using var data = new SampleCalibration(model, RecoveryTests.Input(model, 512, 3), progress);
        var context = Context();
        PassRunner.Run(context, new PruneWeights(new()));
        PassRunner.Run(isApart ? Context() : context, new QuantizeWeights(new() { Bits = 4, BlockSize = 16, Algorithm = WeightAlgorithm.Find("gptq")! }));
        runs = progress.Runs;
        return model;

        PassContext Context() => new(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = data.Data };
    }

    private sealed class RunCounter : IProgress<string>
    {
        public int Runs { get; private set; }

        public void Report(string value) => Runs++;
    }

    /// <summary>Two products, one behind the other.</summary>
    private static OnnxModel Two(float[] first, float[] second)
    {
        var g = new GraphBuilder();
        var between = g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "rows", 32), g.Initializer("first", [32, 8], first)));
        g.Output("y", g.Op("MatMul", between, g.Initializer("second", [8, 32], second)));
        return g.Build();
    }

    [Test]
    public void Rows_that_are_looked_up_stay()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gather", g.Initializer("table", [4, 8], Weight(Model())[..32]), g.Input("x", DataType.Int64, 3)));
        var log = PassContexts.Run(g.Build(), new PruneWeights(new()));

        Assert.That(log.Weights.Single().Refusal, Does.Contain("its rows are looked up"));
    }

    [TestCase("Conv", 8, 1, 8, false, false)]
    [TestCase("Conv", 8, 1, 8, true, true)]
    [TestCase("Conv", 16, 1, 8, false, false)]
    [TestCase("Conv", 8, 2, 4, false, true)]
    [TestCase("Conv", 8, 1, 1, false, true)]
    [TestCase("ConvTranspose", 8, 1, 8, false, false)]
    [TestCase("ConvTranspose", 8, 2, 4, false, true)]
    public void Depthwise_kernels_stay_whole_unless_they_are_asked_for(string op, int first, int second, int groups, bool depthwise, bool isPruned)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, op == "Conv" ? second * groups : first, 5, 5);
        var kernel = g.Initializer("kernel", [first, second, 3, 3], Quantization.Weights.Random(first * second * 9));
        g.Output("y", g.Op(op, [x, kernel], ("group", (long)groups)));
        var log = PassContexts.Run(g.Build(), new PruneWeights(new() { Depthwise = depthwise }));

        Assert.That(log.Rewrites, isPruned ? Has.One.Items : Is.Empty);
        Assert.That(log.Weights.Select(weight => weight.Refusal), isPruned ? Is.Empty.Or.All.Null : Has.One.Contains("'depthwise: true'"));
    }

    [TestCase(SparsityMethod.Wanda)]
    [TestCase(SparsityMethod.Sparsegpt)]
    public void A_method_that_needs_data_asks_for_it(SparsityMethod method) =>
        Assert.That(() => PassRunner.Run(new PassContext(Model(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag()), new PruneWeights(new() { Method = method })),
            Throws.InstanceOf<DiagnosticException>().With.Message.Contains("goes by what layers read"));

    [TestCase("4:4", SparsityScope.Tensor, null, "leaves no weight out")]
    [TestCase("2:4", SparsityScope.Global, null, "exclude each other")]
    [TestCase(null, SparsityScope.Global, SparsityMethod.Wanda, "only 'method: magnitude' can")]
    public void Options_that_exclude_each_other_are_refused(string? pattern, SparsityScope scope, SparsityMethod? method, string why)
    {
        var pass = new PruneWeights(new() { Pattern = pattern, Scope = scope, Method = method });

        Assert.That(() => PassContexts.Run(Model(), pass), Throws.InstanceOf<DiagnosticException>().With.Message.Contains(why));
    }

    [Test]
    public void The_gain_after_compression_is_told()
    {
        var diagnostics = new DiagnosticBag();
        PassContexts.Run(Model(), diagnostics, int.MaxValue, new PruneWeights(new() { Sparsity = new(0.9) }));

        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.Contain("info MO3021").And.Contain("after Brotli instead of"));
    }

    /// <summary>‖X·(W − Ŵ)ᵀ‖².</summary>
    private static double Missed(float[] rows, float[] weights, float[] pruned)
    {
        var difference = weights.Zip(pruned, (before, after) => before - after).ToArray();
        var missed = new float[64 * 4];
        MatrixProduct.AddParallel(MatrixView.Of(missed, 64, 4), MatrixView.Of(rows, 64, 16), MatrixView.Of([.. Turned()], 16, 4));
        return missed.Sum(one => (double)one * one);

        IEnumerable<float> Turned() => Enumerable.Range(0, 64).Select(i => difference[i % 4 * 16 + i / 4]);
    }

    private static OnnxModel Model()
    {
        var (g, random) = (new GraphBuilder(), new Random(1));
        var scaled = g.Op("Mul", g.Input("x", DataType.Float, "rows", 32), g.Initializer("s", [32], [.. Enumerable.Range(0, 32).Select(i => i < 16 ? 1f : 0.001f)]));
        g.Output("y", g.Op("MatMul", scaled, g.Initializer("w", [32, 8], [.. Enumerable.Range(0, 256).Select(_ => (float)random.NextDouble() - 0.5f)])));
        return g.Build();
    }

    private static OnnxModel Pruned(PruneWeightsOptions options, out RewriteLog log)
    {
        var model = Model();
        using var data = new SampleCalibration(model, RecoveryTests.Input(model, 256, 3));
        log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()) { Calibration = data.Data }, new PruneWeights(options));
        return model;
    }

    private static float[] Weight(OnnxModel model) =>
        model.Graph.Initializers.Single(initializer => initializer.Initializer!.ElementCount == 256).Initializer!.AsSpan<float>().ToArray();
}
