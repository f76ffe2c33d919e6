using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Safety;

public sealed class ClampConstantsTests
{
    private static readonly ClampConstants Pass = new(new ClampConstantsOptions());

    private static readonly TensorType Scores = new(DataType.Float, Shape.Of(2, 4, 4));

    /// <summary>A masked score is zero behind the Softmax either way.</summary>
    private static readonly Tolerance Same = Tolerance.BitExact;

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Softmax", [g.Op("Add", x, g.Weight("mask", Causal(float.MinValue)))], ("axis", -1)),
        Scores, opsets: [17, 11, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row)
    {
        var result = row.Model.Clone();
        var log = PassContexts.Run(result, Pass);
        Assert.That(log.Rewrites, row.MayRewrite ? Is.Not.Empty : Is.Empty);
        PassTester.SameOutputs(row.Model, result, Same);
    }

    private static IEnumerable<TestCaseData> Masks =>
    [
        Case("added", (g, x) => g.Op("Add", x, g.Initializer("mask", Causal(float.MinValue)))),
        Case("infinite", (g, x) => g.Op("Add", x, g.Initializer("mask", Causal(float.NegativeInfinity)))),
        Case("chosen in place of scores", (g, x) => g.Op("Where", g.Initializer("keep", Diagonal()), x, g.Initializer("mask", [], float.NegativeInfinity))),
        Case("moved about", (g, x) => g.Op("Add", x, g.Op("Unsqueeze", g.Op("Slice", g.Initializer("mask", Causal(float.MinValue)), g.Int64s("from", 0), g.Int64s("to", 4)), g.Int64s("axis", 0)))),
        Case("a factor of zeros and ones", (g, x) => g.Op("Add", x, g.Op("Mul", g.Op("Sub", g.Initializer("one", [], 1f), Kept(g)), g.Initializer("mask", [], float.MinValue)))),
        Case("filled in at run time", (g, x) => g.Op("Add", x, g.Op("Trilu", g.Op("ConstantOfShape", [g.Int64s("shape", 4, 4)], ("value", Tensor.Create([1], float.MinValue))), g.Initializer("k", Tensor.Create([], 1L))))),
        Case("a lower bound", (g, x) => g.Op("Max", g.Op("Add", x, g.Initializer("mask", Causal(-100))), g.Initializer("bound", [], float.MinValue))),
    ];

    [TestCaseSource(nameof(Masks))]
    public void Clamps_a_mask_that_is(Func<GraphBuilder, Value, Value> scores)
    {
        var test = PassTester.Run(Pass, Model(scores), tolerance: Same);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
        Assert.That(Floats(test.Model).Min(), Is.EqualTo(-10000));
    }

    [Test]
    public void A_fused_attention_holds_a_Softmax_too()
    {
        var g = new GraphBuilder(23, irVersion: 10);
        var heads = g.Input("x", DataType.Float, 1, 2, 4, 8);
        g.Output("y", g.Op("Attention", heads, heads, heads, g.Initializer("mask", Causal(float.MinValue))));

        var test = PassTester.Run(Pass, g.Build(), tolerance: Same);

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
        Assert.That(Floats(test.Model).Min(), Is.EqualTo(-10000));
    }

    private static IEnumerable<TestCaseData> Others =>
    [
        Case("is compared", "Equal", (g, x) => Both(g, x, mask => g.Op("Cast", [g.Op("Equal", mask, g.Initializer("zero", [], 0f))], ("to", (long)DataType.Float)))),
        Case("is handed out", "it is handed out of its graph", (g, x) => Both(g, x, mask => mask)),
        Case("is scaled", "may be no whole number", (g, x) => g.Op("Add", x, g.Op("Mul", g.Input("slopes", Scores), g.Initializer("mask", [], float.MinValue)))),
        Case("is infinite and a factor", "makes NaN of it", (g, x) => g.Op("Add", x, g.Op("Mul", Kept(g), g.Initializer("mask", [], float.NegativeInfinity)))),
    ];

    [TestCaseSource(nameof(Others))]
    public void Refuses_a_mask_that(string reason, Func<GraphBuilder, Value, Value> scores)
    {
        var model = Model(scores);

        var log = PassContexts.Run(model, Pass);

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(log.Weights.Single().Refusal, Does.Contain(reason));
    }

    [Test]
    public void Values_that_reach_no_Softmax_or_that_float16_holds_are_no_candidates()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Scores);
        g.Output("y", g.Op("Max", x, g.Initializer("bound", [], float.MinValue)));
        g.Output("z", g.Op("Softmax", g.Op("Add", x, g.Initializer("mask", Causal(-65504)))));

        PassTester.Run(Pass, g.Build(), tolerance: Same).Ignores();
        Assert.That(PassContexts.Run(g.Build(), Pass).Weights, Is.Empty);
    }

    [Test]
    public void Half_precision_warns_of_a_mask_and_takes_it_once_it_is_clamped()
    {
        var model = Model((g, x) => g.Op("Add", x, g.Initializer("mask", Causal(float.MinValue))));
        var diagnostics = new DiagnosticBag();
        var half = new ConvertFloat16(new ConvertFloat16Options { MinElements = 1 });

        PassContexts.Run(model.Clone(), diagnostics, int.MaxValue, half);
        var log = PassContexts.Run(model, Pass, half);

        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.Contain("MO4010").And.Contain("mask (6 of 16 values)"));
        Assert.That(log.Weights.Single().Form, Does.StartWith("float16"));
    }

    [Test]
    public void A_real_decoder_answers_the_same()
    {
        var path = SharedModels.Require("manllama.onnx");
        var (model, result) = (OnnxModel.Load(path), OnnxModel.Load(path));

        Assert.That(PassContexts.Run(result, Pass).Rewrites, Has.Count.EqualTo(1));
        PassTester.SameOutputs(model, result, Same);
    }

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> scores)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Softmax", scores(g, g.Input("x", Scores))));
        return g.Build();
    }

    private static Value Both(GraphBuilder g, Value x, Func<Value, Value> other)
    {
        var mask = g.Initializer("mask", Causal(float.MinValue));
        g.Output("other", other(mask));
        return g.Op("Add", x, mask);
    }

    /// <summary>Zeros and ones, as floats, of which no row is empty.</summary>
    private static Value Kept(GraphBuilder g) => g.Op("Cast", [g.Op("GreaterOrEqual", g.Initializer("rows", Tensor.Create([4, 1], 0L, 1, 2, 3)), g.Initializer("columns", Tensor.Create([4], 0L, 1, 2, 3)))],
        ("to", (long)DataType.Float));

    private static IEnumerable<float> Floats(OnnxModel model) => GraphWalker.Graphs(model).SelectMany(graph => graph.Initializers).Select(value => value.Initializer!)
        .Concat(GraphWalker.Nodes(model).Select(node => node.Attributes.GetTensor("value")).OfType<Tensor>())
        .Where(tensor => tensor.ElementType == DataType.Float).SelectMany(tensor => tensor.AsSpan<float>().ToArray());

    private static Tensor Causal(float masked) => Tensor.Create([4, 4], [.. Enumerable.Range(0, 16).Select(i => i % 4 > i / 4 ? masked : 0)]);

    private static Tensor Diagonal() => Tensor.Create(DataType.Bool, [4, 4], [.. Enumerable.Range(0, 16).Select(i => i % 4 <= i / 4)]);

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> scores) => new TestCaseData(scores).SetArgDisplayNames(name);

    private static TestCaseData Case(string name, string reason, Func<GraphBuilder, Value, Value> scores) => new TestCaseData(reason, scores).SetArgDisplayNames(name);
}
