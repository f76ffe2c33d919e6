using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Repair;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>quantize-weights with an algorithm that looks at the inputs of layers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LearnedWeightsTests : IDisposable
{
    private const int Depth = 64;
    private const int Rows = 200;

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly Dictionary<string, Func<GraphBuilder, Value, Value>> s_layers = new()
    {
        ["MatMul"] = (g, x) => g.Op("MatMul", x, g.Weight("w", Matrix(Depth, 40))),
        ["Gemm, transposed"] = (g, x) => g.Op("Gemm", [x, g.Weight("w", Matrix(40, Depth))], ("transB", 1L)),
        ["two layers"] = (g, x) =>
            g.Op("MatMul", g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Matrix(Depth, Depth)))), g.Weight("v", Matrix(Depth, 40, seed: 2))),
        ["two layers with nothing between"] = (g, x) =>
            g.Op("MatMul", g.Op("MatMul", x, g.Weight("w", Matrix(Depth, Depth))), g.Weight("v", Matrix(Depth, 40, seed: 2))),
        ["stored in float16"] = (g, x) => g.Op("MatMul", x, g.Op("Cast", [Half(g, "w", Matrix(Depth, 40))], ("to", (long)DataType.Float))),
        ["computed in float16"] = (g, x) =>
        {
            var first = g.Op("MatMul", g.Op("Cast", [x], ("to", (long)DataType.Float16)), Half(g, "w", Matrix(Depth, Depth)));
            return g.Op("Cast", [g.Op("MatMul", first, Half(g, "v", Matrix(Depth, 40, seed: 2)))], ("to", (long)DataType.Float));
        },
        ["one weight for two layers"] = (g, x) =>
        {
            var w = g.Weight("w", Matrix(Depth, Depth));
            return g.Op("MatMul", g.Op("Tanh", g.Op("MatMul", x, w)), w);
        },
        ["attention"] = (g, x) => g.Op("com.microsoft.Attention",
            [g.Op("Unsqueeze", x, g.Initializer("first", Tensor.Create([1], 0L))), g.Weight("w", Matrix(Depth, 3 * Depth)), g.Weight("b", Tensor.Create([3 * Depth], new float[3 * Depth]))],
            ("num_heads", 4L)),
        ["in a branch"] = (g, x) => g.If(g.Op("Less", g.Op("ReduceMin", [x], ("keepdims", 0L)), g.Initializer("many", Tensor.Create([], 1e9f))),
            then => [then.Op("MatMul", x, then.Weight("w", Matrix(Depth, 40)))],
            otherwise => [otherwise.Op("MatMul", otherwise.Op("Neg", x), otherwise.Weight("v", Matrix(Depth, 40)))]).Output(),
    };

    private static IEnumerable<string> Layers => s_layers.Keys;

    [TestCaseSource(nameof(Layers))]
    public void Outputs_come_closer_than_with_the_nearest_codes(string layers)
    {
        var original = Model(s_layers[layers]);
        var (nearest, learned) = (original.Clone(), original.Clone());
        Run(nearest, "round-to-nearest", Samples(2));
        var diagnostics = Run(learned, "gptq", Samples(2)).Diagnostics;

        Assert.That(Error(original, learned), Is.LessThan(0.7 * Error(original, nearest)));
        Assert.That(diagnostics.Where(diagnostic => diagnostic.Descriptor == DiagnosticCatalog.TooFewInputs).Select(diagnostic => diagnostic.Message),
            layers == "in a branch" ? Has.One.Contains("'v' (the calibration data shows no inputs of it)") : Is.Empty);
        Assert.That(GraphVerifier.Verify(learned), Is.Empty);
    }

    [Test]
    public void Too_few_rows_are_told_and_judge_the_codes_all_the_same()
    {
        var learned = Model(s_layers["MatMul"]);
        var log = new RewriteLog();
        var diagnostics = Run(learned, "gptq", Samples(2, rows: Depth - 1), log).Diagnostics;

        Assert.That(diagnostics.Single().Message, Does.Contain($"'w' ({(Depth - 1 + 1) / 2} rows for {Depth} inputs, of half the samples)"));
        Assert.That(log.Weights.Single().Form, Does.Match(@"MatMulNBits, mse in [1-3]\d of 40 channels, \d+(\.\d)?% of the error of the nearest codes$"));
    }

    /// <summary>Which of two roundings is better for a channel a handful of rows tells wrongly too often.</summary>
    [Test]
    public void A_handful_of_rows_judges_nothing()
    {
        var original = Model(s_layers["MatMul"]);
        var (learned, least, log) = (original.Clone(), original.Clone(), new RewriteLog());
        var data = Samples(1, rows: 2 * WeightInputs.FewestJudging - 1);
        var diagnostics = Run(learned, "gptq", data, log).Diagnostics;
        Run(least, "mse", data);

        Assert.That(diagnostics.Single().Descriptor, Is.EqualTo(DiagnosticCatalog.TooFewInputs));
        Assert.That(log.Weights.Single().Form, Does.EndWith("MatMulNBits, mse"));
        Assert.That(ModelWriter.ToBytes(learned), Is.EqualTo(ModelWriter.ToBytes(least)));
    }

    [TestCase("gptq", @", gptq in \d\d of 40 channels, \d+(\.\d)?% of the error of the nearest codes$")]
    [TestCase("mse", ", mse$")]
    [TestCase("round-to-nearest", "MatMulNBits$")]
    public void The_report_names_what_chose_the_codes_of_a_weight(string algorithm, string words)
    {
        var log = new RewriteLog();
        Run(Model(s_layers["MatMul"]), algorithm, Samples(2), log);

        Assert.That(log.Weights.Single().Form, Does.Match(words));
    }

    /// <summary>Two layers of 64 inputs, two matrices of what decides and judges, and one that is factored, take 96 KiB.</summary>
    [TestCase(1L << 20, 1)]
    [TestCase(1L << 16, 2)]
    public void As_many_layers_are_looked_at_together_as_calibration_may_take(long memory, int runs)
    {
        var told = new List<string>();
        var data = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [Samples(2)], Memory = new ByteSize(memory) })
        {
            Progress = new Told(told),
        };
        PassRunner.Run(new PassContext(Model(s_layers["two layers"]), new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = data },
            [new QuantizeWeights(new() { Bits = 4, Algorithm = WeightAlgorithm.Find("gptq")! })]);

        Assert.That(told, Has.Count.EqualTo(runs));
    }

    [Test]
    public void A_layer_without_rows_of_inputs_is_told()
    {
        var model = Model((g, x) => g.Op("Gemm", [g.Op("Transpose", [x], ("perm", new long[] { 1, 0 })), g.Weight("w", Matrix(Depth, 40))], ("transA", 1L)));

        Assert.That(Run(model, "gptq", Samples(2)).Diagnostics.Single().Message, Does.Contain("'w' (a node reads its activation transposed)"));
    }

    [Test]
    public void Rows_that_are_not_finite_are_told_where_too_few_are_left()
    {
        var rows = Inputs(Rows, seed: 1);
        for (var i = 0; i < Rows - Depth; i++)
            rows[i * Depth] = float.NaN;
        var data = _folder.WriteNpz("damaged.npz", ("x", DataFolder.Floats($"(1, {Rows}, {Depth})", rows)));

        Assert.That(Run(Model(s_layers["MatMul"]), "gptq", data).Diagnostics.Select(diagnostic => diagnostic.Message),
            Has.Some.Contains($"({Depth / 2} rows for {Depth} inputs, of half the samples, without {Rows - Depth} that are not finite)"));
    }

    [TestCase("gptq")]
    [TestCase("awq")]
    public void Without_data_it_says_what_to_add(string algorithm) =>
        Assert.That(() => Run(Model(s_layers["MatMul"]), algorithm, null), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4030").And.Message.Contains($"{algorithm} learns from the inputs of layers"));

    [TestCase(1)]
    [TestCase(3)]
    public void The_number_of_threads_changes_nothing(int threads)
    {
        var (some, others) = (Model(s_layers["two layers"]), Model(s_layers["two layers"]));
        var data = Samples(5);
        Run(some, "gptq", data);
        using (Cores.Limit(threads))
            Run(others, "gptq", data);

        Assert.That(ModelWriter.ToBytes(others), Is.EqualTo(ModelWriter.ToBytes(some)));
    }

    [Test]
    public void Options_of_gptq_are_heeded()
    {
        var data = Samples(2);
        QuantizeWeightsOptions[] options =
            [new(), new() { GptqDamping = 0.01, ActivationOrder = true }, new() { GptqDamping = 0.5 }, new() { ActivationOrder = false }];
        var models = options.Select(each =>
        {
            var model = Model(s_layers["MatMul"]);
            Run(model, "gptq", data, options: each);
            return Convert.ToBase64String(ModelWriter.ToBytes(model));
        }).ToList();

        Assert.That(models[1], Is.EqualTo(models[0]), "the defaults");
        Assert.That(models.Distinct().Count(), Is.EqualTo(3));
    }

    private static DiagnosticBag Run(OnnxModel model, string algorithm, string? data, RewriteLog? log = null, QuantizeWeightsOptions? options = null)
    {
        var diagnostics = new DiagnosticBag();
        var calibration = data is null ? null : new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] });
        var pass = new QuantizeWeights(
            (options ?? new()) with { Bits = 4, Format = WeightFormat.Contrib, Algorithm = WeightAlgorithm.Find(algorithm)! });
        PassRunner.Run(new PassContext(model, log ?? new RewriteLog(), PassContexts.Engine, diagnostics) { Calibration = calibration }, [pass]);
        return diagnostics;
    }

    /// <summary>On rows that calibration did not see.</summary>
    private static double Error(OnnxModel original, OnnxModel candidate)
    {
        var x = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([Rows, Depth], Inputs(Rows, seed: 99)) };
        using var before = PassContexts.Engine.Open(original, new SessionSettings(Optimize: false));
        using var after = PassContexts.Engine.Open(candidate, new SessionSettings(Optimize: false));
        var (exact, rounded) = (before.Run(x)[0]!, after.Run(x)[0]!);
        return exact.ToDoubles().Zip(rounded.ToDoubles(), (a, b) => Math.Pow(a - b, 2)).Sum();
    }

    private string Samples(int count, int rows = Rows) => _folder.WriteNpz($"{Guid.NewGuid()}.npz",
        ("x", DataFolder.Floats($"({count}, {rows}, {Depth})", [.. Enumerable.Range(0, count).SelectMany(seed => Inputs(rows, seed))])));

    /// <summary>Rows whose inputs go together.</summary>
    private static float[] Inputs(int rows, int seed)
    {
        var (causes, noise) = (Weights.Random(rows * 8, seed + 10), Weights.Random(rows * Depth, seed + 200));
        var mixing = Weights.Random(8 * Depth, seed: 5);
        return [.. Enumerable.Range(0, rows * Depth).Select(i =>
            Enumerable.Range(0, 8).Sum(c => causes[i / Depth * 8 + c] * mixing[c * Depth + i % Depth]) / 40 + noise[i] / 100)];
    }

    private static Value Half(GraphBuilder g, string name, Tensor content) => g.Weight(name,
        Tensor.Create(DataType.Float16, content.Dimensions.AsSpan(), [.. content.AsSpan<float>().ToArray().Select(element => (Half)element)]));

    private static Tensor Matrix(int rows, int columns, int seed = 1) =>
        Tensor.Create([rows, columns], [.. Weights.Random(rows * columns, seed).Select(weight => weight / 20)]);

    private sealed class Told(List<string> told) : IProgress<string>
    {
        public void Report(string value) => told.Add(value);
    }

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> layers)
    {
        var g = new GraphBuilder();
        g.Output("y", layers(g, g.Input("x", DataType.Float, Dimension.Unknown, Depth)));
        return g.Build();
    }
}
