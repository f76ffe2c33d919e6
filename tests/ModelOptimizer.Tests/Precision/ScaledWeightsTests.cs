using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;
using NUnit.Framework.Constraints;

namespace ModelOptimizer.Tests.Precision;

/// <summary>quantize-weights with awq, which scales the inputs of layers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ScaledWeightsTests : IDisposable
{
    private const int Depth = 64;
    private const int Rows = 100;

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly Dictionary<string, (int Scaled, Func<GraphBuilder, Value, Value> Build)> s_layers = new()
    {
        ["normalization"] = (1, (g, x) => Product(g, Normalized(g, x), "w")),
        ["root-mean-square normalization of older opsets"] = (1, (g, x) => Product(g, g.Op("SimplifiedLayerNormalization", x, g.Weight("gain", Gain())), "w")),
        ["a gain behind a spelled out normalization"] = (1, (g, x) => Product(g, g.Op("Mul", g.Op("Tanh", x), g.Weight("gain", Gain())), "w")),
        ["query, key and value"] = (1, (g, x) => Join(g, Normalized(g, x), "q", "k", "v")),
        ["gated"] = (2, (g, x) => Gated(g, Normalized(g, x))),
        ["one weight for two layers"] = (2, (g, x) =>
        {
            var w = g.Weight("w", Matrix(Depth, 40, 1));
            return g.Op("Add", g.Op("MatMul", Normalized(g, x, "one"), w), g.Op("MatMul", Normalized(g, g.Op("Tanh", x), "other"), w));
        }),
        ["Gemm, transposed"] = (1, (g, x) => g.Op("Gemm",
            [
                g.Op("Mul", g.Op("Reshape", x, g.Int64s("rows", -1, Depth)), g.Weight("gain", Gain())),
                g.Weight("w", Matrix(40, Depth, 1)),
                g.Weight("bias", Tensor.Create([40], Weights.Random(40))),
            ],
            ("transB", 1L))),
        ["in a branch"] = (1, (g, x) => g.If(Never(g, x),
            then => [Product(then, then.Op("Neg", x), "never")],
            otherwise => [Product(otherwise, otherwise.Op("Mul", otherwise.Op("Tanh", x), otherwise.Weight("gain", Gain())), "w")]).Output()),
    };

    private static IEnumerable<string> Layers => s_layers.Keys;

    [TestCaseSource(nameof(Layers))]
    public void Outputs_come_closer_than_with_the_nearest_codes(string layers)
    {
        var original = Model(s_layers[layers].Build);
        var (nearest, scaled) = (original.Clone(), original.Clone());
        Run(nearest, "round-to-nearest", Samples(3));
        var (log, diagnostics) = Run(scaled, "awq", Samples(3));

        Assert.That(Error(original, scaled), Is.LessThan(0.8 * Error(original, nearest)));
        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.Exactly(s_layers[layers].Scaled).StartsWith("scale by alpha"));
        Assert.That(log.Weights.Where(weight => weight.Weight.StartsWith('w')).Select(weight => weight.Form),
            Has.All.Match(", its input scaled by alpha .* and beta "));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Message),
            layers == "in a branch"
                ? (IResolveConstraint)Has.One.Contains("which were rounded to nearest instead: 'never' (the calibration data shows no inputs of it)")
                : Is.Empty);
        Assert.That(GraphVerifier.Verify(scaled), Is.Empty);
    }

    /// <summary>Before anything is rounded, factors on both sides leave the model as it was.</summary>
    [TestCaseSource(nameof(Layers))]
    public void Scales_alone_change_no_output(string layers)
    {
        var original = Model(s_layers[layers].Build);
        var scaled = original.Clone();
        var (log, options) = (new RewriteLog(), Options());
        var matrices = WeightCandidate.Find(scaled).Where(weight => weight.Uses.Any(WeightSlots.IsProduct))
            .ToDictionary(weight => weight.Value, Layer);

        new InputScaling(options, new NodeSelector(options), Context(scaled, log, new DiagnosticBag(), Samples(3))).Run(matrices);

        Assert.That(log.Rewrites, Has.Count.EqualTo(s_layers[layers].Scaled));
        Assert.That(Error(original, scaled) / Energy(original), Is.LessThan(1e-10));
    }

    [Test]
    public void Fewer_rows_than_inputs_are_enough()
    {
        var model = Model(s_layers["normalization"].Build);
        var (log, diagnostics) = Run(model, "awq", Samples(2, rows: Depth / 8));

        Assert.That(diagnostics.Diagnostics, Is.Empty);
        Assert.That(log.Rewrites[0].What, Does.StartWith("scale by alpha"));
    }

    [Test]
    public void One_row_can_not_both_decide_and_judge()
    {
        var (model, nearest) = (Model(s_layers["normalization"].Build), Model(s_layers["normalization"].Build));
        Run(nearest, "round-to-nearest", Samples(1));
        var (log, diagnostics) = Run(model, "awq", Samples(1, rows: 1));

        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Contain($"'w' (1 rows for {Depth} inputs, of half the samples)"));
        Assert.That(log.Refusals.Single().Why, Is.EqualTo($"its input gets no scale: 1 rows for {Depth} inputs, of half the samples"));
        Assert.That(ModelWriter.ToBytes(model), Is.EqualTo(ModelWriter.ToBytes(nearest)));
    }

    private static IEnumerable<TestCaseData> Refused() =>
    [
        new TestCaseData("nothing before it could take the factors", new Func<GraphBuilder, Value, Value>((g, x) => Product(g, x, "w"))),
        new TestCaseData("Gelu before it depends on the scale", new Func<GraphBuilder, Value, Value>((g, x) =>
            Product(g, g.Op("com.microsoft.Gelu", g.Op("MatMul", x, g.Weight("first", Matrix(Depth, Depth, 3)))), "w"))),
        new TestCaseData("its weights are float16; only float weights are scaled", new Func<GraphBuilder, Value, Value>((g, x) =>
        {
            Half[] halves = [.. Matrix(Depth, 40, 1).AsSpan<float>().ToArray().Select(weight => (Half)weight)];
            return g.Op("MatMul", Normalized(g, x), g.Op("Cast", [g.Weight("w", Tensor.Create(DataType.Float16, [Depth, 40], halves))], ("to", (long)DataType.Float)));
        })),
        new TestCaseData("too, and would see other numbers", new Func<GraphBuilder, Value, Value>((g, x) =>
        {
            var normalized = Normalized(g, x);
            return g.Op("Add", g.Op("MatMul", normalized, g.Weight("w", Matrix(Depth, Depth, 1))), normalized);
        })),
    ];

    [TestCaseSource(nameof(Refused))]
    public void What_has_no_place_for_scales_is_rounded_without_and_told(string why, Func<GraphBuilder, Value, Value> layers)
    {
        var original = Model(layers);
        var (nearest, rounded) = (original.Clone(), original.Clone());
        Run(nearest, "round-to-nearest", Samples(3));
        var (log, _) = Run(rounded, "awq", Samples(3));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.StartsWith("its input gets no scale: ").And.Some.Contains(why));
        Assert.That(log.Weights.Single(weight => weight.Weight == "w").Form, Is.EqualTo("int4 in blocks of 32 as com.microsoft.MatMulNBits"));
        Assert.That(Error(original, rounded), Is.LessThan(Error(original, nearest)), "blocks still get better scales");
    }

    [TestCase("v")]
    [TestCase("gain")]
    public void What_the_profile_excludes_is_not_scaled(string excluded)
    {
        var model = Model(s_layers["query, key and value"].Build);
        var (log, _) = Run(model, "awq", Samples(3), Options() with { Exclude = [excluded] });

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.None.StartsWith("scale by"));
        Assert.That(log.Refusals.Select(refusal => refusal.Why),
            Has.All.StartsWith("its input gets no scale: ").And.All.Contains($"exclude has '{excluded}'"));
    }

    [Test]
    public void Ranges_can_not_replace_the_data()
    {
        var model = Model(s_layers["normalization"].Build);
        var data = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [Samples(3)] });
        PassRunner.Run(new PassContext(model.Clone(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = data },
            new SmoothQuant(new() { Alpha = new Ratio(0.5) }));
        data.ToFile()!.Write(_folder["model.ranges.json"]);
        var ranges = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Ranges = _folder["model.ranges.json"] });

        Assert.That(() => PassRunner.Run(new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = ranges },
            new QuantizeWeights(Options())), Throws.TypeOf<DiagnosticException>().With.Message.Contains("MO4027"));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void The_number_of_threads_changes_nothing(int threads)
    {
        var (some, others) = (Model(s_layers["gated"].Build), Model(s_layers["gated"].Build));
        var data = Samples(5);
        Run(some, "awq", data);
        using (Cores.Limit(threads))
            Run(others, "awq", data);

        Assert.That(ModelWriter.ToBytes(others), Is.EqualTo(ModelWriter.ToBytes(some)));
    }

    private static ScaledLayer Layer(WeightCandidate weight) =>
        new(new WeightMatrix(weight.Content, WeightSlots.ChannelAxis(weight.Uses[0], rank: 2)), new WeightGrid(4, IsSymmetric: true), 32);

    private static QuantizeWeightsOptions Options() => new() { Bits = 4, Format = WeightFormat.Contrib, Algorithm = WeightAlgorithm.Find("awq")! };

    private static (RewriteLog Log, DiagnosticBag Diagnostics) Run(OnnxModel model, string algorithm, string data, QuantizeWeightsOptions? options = null)
    {
        var (log, diagnostics) = (new RewriteLog(), new DiagnosticBag());
        var pass = new QuantizeWeights((options ?? Options()) with { Algorithm = WeightAlgorithm.Find(algorithm)! });
        PassRunner.Run(Context(model, log, diagnostics, data), [pass]);
        return (log, diagnostics);
    }

    private static PassContext Context(OnnxModel model, RewriteLog log, DiagnosticBag diagnostics, string data) =>
        new(model, log, PassContexts.Engine, diagnostics)
        {
            Calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] }),
        };

    /// <summary>On rows that calibration did not see.</summary>
    private static double Error(OnnxModel original, OnnxModel candidate) =>
        Outputs(original).Zip(Outputs(candidate), (exact, other) => Math.Pow(exact - other, 2)).Sum();

    private static double Energy(OnnxModel model) => Outputs(model).Sum(y => y * y);

    private static double[] Outputs(OnnxModel model)
    {
        using var session = PassContexts.Engine.Open(model, new SessionSettings(Optimize: false));
        var x = Tensor.Create([1, Rows, Depth], Weights.Random(Rows * Depth, seed: 99));
        return [.. session.Run(new Dictionary<string, Tensor> { ["x"] = x })[0]!.ToDoubles()];
    }

    private string Samples(int count, int rows = Rows) => _folder.WriteNpz($"{Guid.NewGuid()}.npz",
        ("x", DataFolder.Floats($"({count}, {rows}, {Depth})", Weights.Random(count * rows * Depth, seed: 4))));

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> layers)
    {
        var g = new GraphBuilder();
        g.Output("y", layers(g, g.Input("x", DataType.Float, Dimension.Unknown, Dimension.Unknown, Depth)));
        return g.Build();
    }

    private static Value Normalized(GraphBuilder g, Value x, string name = "gain") => g.Op("LayerNormalization", x, g.Weight(name, Gain()));

    private static Value Product(GraphBuilder g, Value x, string weight) => g.Op("MatMul", x, g.Weight(weight, Matrix(Depth, 40, 1)));

    private static Value Join(GraphBuilder g, Value x, params string[] weights) =>
        g.Op("Concat", [.. weights.Select((name, i) => g.Op("MatMul", x, g.Weight(name, Matrix(Depth, 40, i))))], ("axis", -1L));

    private static Value Gated(GraphBuilder g, Value x)
    {
        var up = g.Op("MatMul", x, g.Weight("w_up", Matrix(Depth, Depth, 2, Gain().AsSpan<float>().ToArray())));
        return Product(g, g.Op("Mul", g.Op("Sigmoid", g.Op("MatMul", x, g.Weight("w_gate", Matrix(Depth, Depth, 3)))), up), "w");
    }

    private static Value Never(GraphBuilder g, Value x) =>
        g.Op("Less", g.Op("ReduceMax", [x], ("keepdims", 0L)), g.Constant(Tensor.Create([], -1e6f)));

    private static Tensor Matrix(int rows, int columns, int seed, float[]? byColumn = null) => Tensor.Create([rows, columns],
        [.. Weights.Random(rows * columns, seed).Select((weight, i) => weight / 20 * (byColumn?[i % columns] ?? 1))]);

    /// <summary>Some channels far above all others.</summary>
    private static Tensor Gain() => Tensor.Create([Depth], [.. Enumerable.Range(0, Depth).Select(i => i % 24 == 5 ? 20f : 1)]);
}
