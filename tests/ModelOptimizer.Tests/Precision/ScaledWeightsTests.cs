using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
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

        Assert.That(diagnostics.Diagnostics.Single(one => one.Descriptor == DiagnosticCatalog.TooFewInputs).Message,
            Does.Contain("'w' (1 rows decide and 0 judge; each half needs one)"));
        Assert.That(log.Refusals.Single().Why, Is.EqualTo("its input gets no scale: 1 rows decide and 0 judge; each half needs one"));
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
            var weight = g.Weight("w", Tensor.Create(DataType.Float16, [Depth, 40], halves));
            return g.Op("MatMul", Normalized(g, x), g.Op("Cast", [weight], ("to", (long)DataType.Float)));
        })),
        new TestCaseData("inputs are scaled of Gemm and MatMul only, not of Attention", new Func<GraphBuilder, Value, Value>((g, x) =>
            g.Op("com.microsoft.Attention",
                [Normalized(g, x), g.Weight("w", Matrix(Depth, 3 * Depth, 1)), g.Weight("b", Tensor.Create([3 * Depth], new float[3 * Depth]))],
                ("num_heads", 4L)))),
        new TestCaseData("too, whose weight is not constant", new Func<GraphBuilder, Value, Value>((g, x) =>
        {
            var normalized = Normalized(g, x);
            var scores = g.Op("MatMul", normalized, g.Op("Transpose", [x], ("perm", new long[] { 0, 2, 1 })));
            return g.Op("Concat", [scores, g.Op("MatMul", normalized, g.Weight("w", Matrix(Depth, 40, 1)))], ("axis", -1L));
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
        var (log, diagnostics) = Run(rounded, "awq", Samples(3));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.StartsWith("its input gets no scale: ").And.Some.Contains(why));
        Assert.That(log.Weights.Single(weight => weight.Weight == "w").Form,
            Does.StartWith("int4 in blocks of 32 as com.microsoft.MatMulNBits, awq in ").And.Not.Contain("scaled"));
        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Match(@"^awq scaled none of [12] inputs of layers: \d × .*gptq")
            .And.Contain(why.Split(';')[0]).And.Contain(why.Contains("float16", StringComparison.Ordinal) ? "before 'convert-float16'" : "gptq learns from"));
        Assert.That(Error(original, rounded), Is.LessThan(Error(original, nearest)), "blocks still get better scales");
    }

    /// <summary>Each of them, not only the first.</summary>
    [Test]
    public void All_readers_are_told_why_factors_that_overflow_are_not_written()
    {
        var model = Model((g, x) => Join(g, Normalized(g, x), "q", "k", "v"));
        foreach (var product in GraphWalker.Nodes(model).Where(node => node.Is("MatMul")))
            product.Name = $"to {product.Input(1)}";
        var (log, options) = (new RewriteLog(), Options());
        var context = Context(model, log, new DiagnosticBag(), Samples(3));
        context.InferTypes();
        var folding = new ScaleFolding(new NodeSelector(options), context);
        var found = ScaleFolding.Candidates(model).Select(node => folding.Find(node).Found).OfType<ScaledReaders>().Single();

        folding.Write([new ScaledInput(found, Array.ConvertAll(new double[Depth], _ => 1e200), "scale")]);

        Assert.That(log.Refusals, Has.Count.EqualTo(3));
        Assert.That(log.Rewrites, Is.Empty);
    }

    /// <summary>Scaled, it would be another weight, which the trial would not know for the one it keeps.</summary>
    [Test]
    public void What_a_trial_keeps_is_not_scaled_either()
    {
        var model = Model(s_layers["gated"].Build);
        var kept = WeightCandidate.Find(model).Single(weight => weight.Name == "w_up").Value;
        var filter = new Reversion(new Dictionary<object, string>(ReferenceEqualityComparer.Instance) { [kept] = "tried without" });
        var (log, _) = Run(model, "awq", Samples(3), Options() with { Filter = filter });

        Assert.That(log.Weights.Single(weight => weight.Weight == "w_up").Refusal, Is.EqualTo("tried without"));
        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("would be scaled with it: tried without"));
        Assert.That(kept.Uses, Is.Not.Empty);
    }

    [TestCase("LayerNormalization")]
    [TestCase("SimplifiedLayerNormalization")]
    public void A_normalization_fused_with_the_sum_before_takes_scales(string normalization)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, new Dimension(null, "n"), new Dimension(null, "m"), Depth);
        // Behind it the sum is read as it was.
        var outputs = Skip(g, normalization, x);
        g.Output("y", g.Op("Add", outputs.Sum, g.Op("MatMul", outputs.Normalized, g.Weight("w", Matrix(Depth, Depth, 1)))));
        var original = g.Build();
        var (nearest, scaled) = (original.Clone(), original.Clone());
        Run(nearest, "round-to-nearest", Samples(3));
        var (log, _) = Run(scaled, "awq", Samples(3));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.One.StartsWith("scale by alpha"));
        Assert.That(Error(original, scaled), Is.LessThan(0.8 * Error(original, nearest)));
    }

    [Test]
    public void What_a_fusion_makes_of_a_sum_and_its_normalization_takes_scales()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, new Dimension(null, "n"), new Dimension(null, "m"), Depth);
        g.Output("y", Product(g, Normalized(g, g.Op("Add", x, g.Op("Tanh", x))), "w"));
        var model = g.Build();
        PassContexts.Run(model, new FuseSkipLayerNormalization(new() { Format = FusionFormat.Contrib }));
        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType), Has.One.EqualTo("SkipLayerNormalization"));

        Assert.That(Run(model, "awq", Samples(3)).Log.Rewrites.Select(rewrite => rewrite.What), Has.One.StartsWith("scale by alpha"));
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

    private static (Value Normalized, Value Sum) Skip(GraphBuilder g, string normalization, Value x)
    {
        var node = g.Node($"com.microsoft.Skip{normalization}", [x, g.Op("Tanh", x), g.Weight("gain", Gain())], outputs: 4);
        return (node.Output(), node.Outputs[3]!);
    }

    private static Value Never(GraphBuilder g, Value x) =>
        g.Op("Less", g.Op("ReduceMax", [x], ("keepdims", 0L)), g.Constant(Tensor.Create([], -1e6f)));

    private static Tensor Matrix(int rows, int columns, int seed, float[]? byColumn = null) => Tensor.Create([rows, columns],
        [.. Weights.Random(rows * columns, seed).Select((weight, i) => weight / 20 * (byColumn?[i % columns] ?? 1))]);

    /// <summary>Some channels far above all others.</summary>
    private static Tensor Gain() => Tensor.Create([Depth], [.. Enumerable.Range(0, Depth).Select(i => i % 24 == 5 ? 20f : 1)]);
}
