using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>The form that computes in float16, decided without data.</summary>
public sealed class HalfComputeTests
{
    private static readonly TensorType X = new(DataType.Float, Shape.Of(3, 32));
    private static readonly Tensor Square = Tensor.Create([32, 32], Weights.Random(32 * 32));
    private static readonly ConvertFloat16 Compute = new(new() { Form = HalfForm.Compute });

    /// <summary>Each of a few roundings to 11 bits.</summary>
    private static readonly Tolerance Rounding = new(4e-3);

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("MatMul", x, g.Weight("w", Square)), X, [17, 7, 13, 21], mayRewriteOverridable: true);

    private static IEnumerable<TestCaseData> Fixtures => ExporterFixtures.All.Select(fixture => fixture.Model).Concat(AttentionFixture.All.Select(fixture => fixture.Model))
        .Select((model, index) => new TestCaseData(model).SetArgDisplayNames($"fixture {index}"));

    [TestCaseSource(nameof(Rows))]
    public void Multiplies_in_float16(StandardRow row)
    {
        var test = PassTester.Run(Compute, row.Model, tolerance: Rounding);

        Assert.That(test.Log.Rewrites, Is.Not.Empty);
        Assert.That(Products(test), Has.All.EqualTo(DataType.Float16));
    }

    [TestCaseSource(nameof(Fixtures))]
    public void What_exporters_write_stays_what_it_is(OnnxModel model)
    {
        var result = model.Clone();
        PassContexts.Run(result, new ConvertFloat16(new() { Form = HalfForm.Compute, MinElements = 1 }));

        PassTester.SameOutputs(model, result, new Tolerance(1e-2, 1e-3));
    }

    [Test]
    public void A_chain_is_cast_at_its_ends_only()
    {
        var model = Build((g, x) => g.Op("MatMul", g.Op("Relu", g.Op("Add", g.Op("MatMul", x, g.Weight("w", Square)), g.Weight("b", Ones(32)))), g.Weight("w", Square)));

        PassTester.Run(Compute, model, tolerance: Rounding).Leaves("Cast", "MatMul", "Add", "Relu", "MatMul", "Cast");
    }

    [Test]
    public void A_value_that_several_nodes_read_is_cast_once()
    {
        var model = Build((g, x) => g.Op("Add", g.Op("MatMul", x, g.Weight("w", Square)), g.Op("MatMul", x, g.Weight("v", Square))));

        PassTester.Run(Compute, model, tolerance: Rounding).Leaves("Cast", "MatMul", "MatMul", "Add", "Cast");
    }

    [Test]
    public void Nothing_is_cast_for_the_sake_of_elementwise_operators() =>
        PassTester.Run(Compute, Build((g, x) => g.Op("Tanh", g.Op("Mul", x, g.Weight("w", Ones(32)))))).Refuses("more Casts than it is worth");

    [Test]
    public void What_operators_names_is_converted_all_the_same() => PassTester
        .Run(new ConvertFloat16(new() { Form = HalfForm.Compute, Operators = ["Exp"] }), Build((g, x) => g.Op("Exp", g.Op("Tanh", x))), tolerance: Rounding)
        .Leaves("Tanh", "Cast", "Exp", "Cast");

    [Test]
    public void Excluded_nodes_stay_float32() =>
        PassTester.Run(new ConvertFloat16(new() { Form = HalfForm.Compute, ExcludeOperators = ["MatMul"] }), Build((g, x) => g.Op("MatMul", x, g.Weight("w", Square))))
            .Refuses("exclude-operators names MatMul");

    [Test]
    public void Without_data_squares_and_sums_stay_float32()
    {
        var model = Build((g, x) => g.Op("Mul", g.Op("MatMul", x, g.Weight("w", Square)), g.Op("Reciprocal", g.Op("ReduceSum", g.Op("Mul", x, x)))));
        var diagnostics = new DiagnosticBag();
        var log = PassContexts.Run(model, diagnostics, int.MaxValue, Compute);

        Assert.That(log.Refusals.Where(refusal => refusal.Why.Contains("no data shows", StringComparison.Ordinal)), Has.Exactly(3).Items);
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EquivalentTo(new[] { "MO4011", "MO4012" }));
    }

    [Test]
    public void A_signature_of_float16_is_made_on_request()
    {
        var model = Build((g, x) => g.Op("Relu", x));
        PassContexts.Run(model, new ConvertFloat16(new() { Form = HalfForm.Compute, KeepIo = false }));
        using var session = PassContexts.Engine.Open(model, new SessionSettings());

        Assert.That(session.Inputs.Concat(session.Outputs).Select(end => end.Type!.ElementType), Has.All.EqualTo(DataType.Float16));
        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Relu" }));
    }

    [Test]
    public void Masks_of_the_lowest_float32_stay_out_of_float16()
    {
        var mask = Tensor.Create([32], [.. Enumerable.Range(0, 32).Select(i => i < 20 ? 0 : float.MinValue)]);
        var model = Build((g, x) => g.Op("MatMul", g.Op("Softmax", g.Op("Add", g.Op("MatMul", x, g.Weight("w", Square)), g.Weight("mask", mask))), g.Weight("v", Square)));
        var test = PassTester.Run(Compute, model, tolerance: Rounding);

        test.Leaves("Cast", "MatMul", "Cast", "Add", "Cast", "Softmax", "MatMul", "Cast");
        Assert.That(test.Log.Refusals.Single(refusal => refusal.Where.StartsWith("Add", StringComparison.Ordinal)).Why, Does.Contain("reaches 3.4e+38"));
    }

    [Test]
    public void An_epsilon_that_float16_lacks_stays_float32()
    {
        var model = Build((g, x) => g.Op("Div", g.Op("MatMul", x, g.Weight("w", Square)), g.Op("Add", g.Op("Abs", x), g.Weight("epsilon", Tensor.Create([], 1e-12f)))));
        var test = PassTester.Run(Compute, model, new() { ["x"] = Tensor.Create([3, 32], [.. Weights.Random(3 * 32).Select(w => w + 0.1f)]) }, Rounding);

        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("'epsilon' is too small for float16"));
    }

    [Test]
    public void Positions_stay_whole_numbers()
    {
        var g = new GraphBuilder();
        var (x, positions) = (g.Input("x", X), g.Input("positions", DataType.Int64, 3, 1));
        var angles = g.Op("Mul", g.Op("Cast", [positions], ("to", (long)DataType.Float)), g.Weight("frequency", Tensor.Create([1, 32], Weights.Random(32))));
        g.Output("y", g.Op("MatMul", g.Op("Add", x, g.Op("Sin", angles)), g.Weight("w", Square)));
        var test = PassTester.Run(Compute, g.Build(), new() { ["x"] = Tensor.Create([3, 32], Weights.Random(96)), ["positions"] = Tensor.Create([3, 1], 5L, 4001, 60001) }, Rounding);

        test.Leaves("Cast", "Mul", "Sin", "Add", "Cast", "MatMul", "Cast");
    }

    [Test]
    public void Lengths_computed_in_floats_come_out_right()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 2, "h", 32);
        var scaled = g.Op("Floor", g.Op("Mul", g.Op("Cast", [g.Op("Shape", x)], ("to", (long)DataType.Float)), g.Weight("scale", Tensor.Create([4], 1, 1, 1.999f, 1))));
        var sizes = g.Op("Cast", [scaled], ("to", (long)DataType.Int64));
        g.Output("y", g.Op("MatMul", g.Op("Resize", g.Op("Relu", x), null, null, sizes), g.Weight("w", Square)));
        var test = PassTester.Run(Compute, g.Build(), new() { ["x"] = Tensor.Create([1, 2, 101, 32], Weights.Random(2 * 101 * 32)) }, Rounding);

        Assert.That(Products(test), Has.All.EqualTo(DataType.Float16));
    }

    [Test]
    public void Scales_of_Resize_stay_float32()
    {
        var g = new GraphBuilder();
        var scales = g.Op("Mul", g.Input("factor", DataType.Float), g.Weight("scales", Tensor.Create([4], 1f, 1, 1, 1)));
        var image = g.Op("Conv", g.Input("x", DataType.Float, 1, 2, 8, 8), g.Weight("k", Tensor.Create([16, 2, 3, 3], Weights.Random(288))));
        g.Output("y", g.Op("Conv", g.Op("Resize", image, null, scales), g.Weight("l", Tensor.Create([2, 16, 3, 3], Weights.Random(288)))));
        var test = PassTester.Run(Compute, g.Build(), new() { ["factor"] = Tensor.Create([], 1f), ["x"] = Tensor.Create([1, 2, 8, 8], Weights.Random(128)) }, Rounding);

        test.Leaves("Cast", "Mul", "Conv", "Resize", "Conv", "Cast");
    }

    // The peer leaves a Cast to float32 in place between float16 operators, and the model does not load.
    [TestCase("Cast")]
    [TestCase("ConstantOfShape")]
    public void Attributes_that_name_float32_follow(string opType)
    {
        var g = new GraphBuilder();
        var (x, condition) = (g.Input("x", X), g.Input("c", DataType.Bool, 3, 32));
        var other = opType == "Cast" ? g.Op("Cast", [condition], ("to", (long)DataType.Float)) : g.Op("ConstantOfShape", g.Op("Shape", condition));
        g.Output("y", g.Op("MatMul", g.Op("Add", g.Op("MatMul", x, g.Weight("w", Square)), other), g.Weight("w", Square)));
        var test = PassTester.Run(Compute, g.Build(), tolerance: Rounding);

        Assert.That(test.Operators.Count(op => op == "Cast"), Is.EqualTo(opType == "Cast" ? 3 : 2));
    }

    [Test] // The peer clamps a variance of 9.8e7 to 65504 and ruins the model in silence.
    public void A_variance_that_float16_lacks_keeps_its_BatchNormalization_in_float32()
    {
        var g = new GraphBuilder();
        var image = g.Op("Conv", g.Input("x", DataType.Float, 1, 2, 8, 8), g.Weight("k", Tensor.Create([16, 2, 3, 3], [.. Weights.Random(288).Select(w => w * 9000)])));
        Value[] parameters = [.. new[] { 1f, 0.5f, 100, 9.8e7f }.Select((number, i) => g.Weight($"p{i}", Ones(16, number)))];
        g.Output("y", g.Op("BatchNormalization", [image, .. parameters]));
        var model = g.Build();
        var test = PassTester.Run(Compute, model, tolerance: Rounding);

        Assert.That(test.Log.Refusals.Single(refusal => refusal.Where.StartsWith("BatchNormalization", StringComparison.Ordinal)).Why, Does.Contain("'p3' reaches 9.8e+07"));
        // Folded first, there is nothing to keep.
        PassContexts.Run(model, new Simplify(new()));
        PassTester.Run(Compute, model, tolerance: Rounding).Leaves("Cast", "Conv", "Cast");
    }

    /// <summary>From opset 17 on, the runtime can't load what it makes of a normalization whose x is of another type than its gain.</summary>
    [Test]
    public void Normalizations_that_are_spelled_out_load(
        [Values(13, 17, 21)] int opset, [Values] bool readsProduct, [Values] bool isReadBesides, [Values(1, 1e6f)] float gain)
    {
        var model = Build((g, x) =>
        {
            var input = readsProduct ? g.Op("MatMul", x, g.Weight("w", Square)) : x;
            var deviation = g.Op("Sub", input, Mean(g, input));
            var variance = g.Op("Add", Mean(g, g.Op("Pow", deviation, g.Weight("two", Tensor.Create([], 2f)))), g.Weight("epsilon", Tensor.Create([], 1e-5f)));
            var product = g.Op("Mul", g.Op("Div", deviation, g.Op("Sqrt", variance)), g.Weight("gain", Ones(32, gain)));
            var output = g.Op("MatMul", g.Op("Tanh", g.Op("Add", product, g.Weight("bias", Ones(32)))), g.Weight("v", Square));
            return isReadBesides ? g.Op("Add", output, g.Op("Exp", g.Op("Tanh", input))) : output;
        }, opset);

        var test = PassTester.Run(Compute, model, tolerance: Rounding);
        Assert.That(Products(test), Has.All.EqualTo(DataType.Float16));
        // Where types may be chosen, the runtime keeps its fusion.
        if (gain == 1 && !(readsProduct && isReadBesides))
            Assert.That(test.Operators, Has.None.EqualTo("Unsqueeze"));

        Value Mean(GraphBuilder g, Value value) =>
            opset < 18 ? g.Op("ReduceMean", [value], ("axes", new long[] { -1 })) : g.Op("ReduceMean", value, g.Int64s("axes", -1));
    }

    [Test]
    public void A_limit_of_rewrites_leaves_later_regions_alone()
    {
        var model = Build((g, x) => g.Op("MatMul", g.Op("Exp", g.Op("MatMul", x, g.Weight("w", Square))), g.Weight("v", Square)));
        var log = PassContexts.Run(model, new DiagnosticBag(), 1, Compute);

        Assert.That(log.Rewrites, Has.Exactly(1).Items);
        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Cast", "MatMul", "Cast", "Exp", "MatMul" }));
    }

    [Test]
    public void Where_the_runtime_refuses_the_result_nothing_was_changed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var chosen = g.If(g.Input("c", DataType.Bool), then => [then.Op("MatMul", x, then.Weight("v", Square))], otherwise => [otherwise.Op("Relu", x)]);
        g.Function("local", "Layer", 1, (f, inputs) => [f.Op("MatMul", inputs[0], f.Constant(Square))]);
        g.Output("y", g.Op("local.Layer", g.Op("MatMul", chosen.Output(), g.Weight("w", Square))));
        var model = g.Build();
        var (before, context) = (ModelWriter.ToBytes(model), new PassContext(model, new RewriteLog(), new Float32Engine(), new DiagnosticBag()));

        Assert.That(() => Compute.Run(model, context), Throws.TypeOf<DiagnosticException>().With.Message.Contains("but not in float16: no kernel"));
        Assert.That(ModelWriter.ToBytes(model), Is.EqualTo(before));
    }

    [Test]
    public void A_stored_weight_is_taken_as_it_is()
    {
        var model = Build((g, x) => g.Op("MatMul", x, g.Weight("w", Square)));
        PassContexts.Run(model, new ConvertFloat16(new()));

        PassTester.Run(Compute, model, tolerance: Rounding).Leaves("Cast", "MatMul", "Cast");
    }

    [Test]
    public void A_weight_that_both_types_read_is_kept_once()
    {
        var model = Build((g, x) => g.Op("Exp", g.Op("MatMul", g.Op("Exp", g.Op("MatMul", x, g.Weight("w", Square))), g.Op("Exp", g.Weight("w", Square)))));
        var test = PassTester.Run(new ConvertFloat16(new() { Form = HalfForm.Compute }), model, tolerance: new Tolerance(0.05));

        Assert.That(test.Initializers.Single().Initializer!.ElementType, Is.EqualTo(DataType.Float16));
    }

    private static IEnumerable<DataType> Products(PassTest test)
    {
        new PassContext(test.Model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).InferTypes();
        return GraphWalker.Nodes(test.Model).Where(node => node.Is("MatMul")).Select(node => node.Output().Type!.ElementType);
    }

    private static Tensor Ones(int count, float number = 1) => Tensor.Create([count], [.. Enumerable.Repeat(number, count)]);

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> pattern, int? opset = null)
    {
        var g = opset is { } version ? new GraphBuilder(version) : new GraphBuilder();
        g.Output("y", pattern(g, g.Input("x", X)));
        return g.Build();
    }

    /// <summary>A runtime without kernels for float16.</summary>
    private sealed class Float32Engine : IInferenceEngine
    {
        public string Description => "A runtime";

        public bool CanHold(DataType type) => PassContexts.Engine.CanHold(type);

        public IInferenceSession Open(OnnxModel model, SessionSettings settings) =>
            GraphWalker.Nodes(model).Any(node => node.Is("Cast") && node.Attributes.TryGetInt("to") == (long)DataType.Float16)
                ? throw new InferenceException("no kernel")
                : PassContexts.Engine.Open(model, settings);

        public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => throw new NotSupportedException();

        public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => throw new NotSupportedException();
    }
}
