using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Repair;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Biases that make up for what rounding shifts on average, behind quantize-static.</summary>
public sealed class StaticBiasTests
{
    private static readonly Dictionary<string, Func<OnnxModel>> s_models = new()
    {
        ["one layer"] = () => Picture((g, x) => StaticModels.Conv(g, g.Op("Sigmoid", x))),
        ["one layer without a bias"] = () => Picture((g, x) => StaticModels.Conv(g, g.Op("Sigmoid", x), bias: false)),
        ["three layers"] = () => Picture((g, x) =>
            StaticModels.Conv(g, g.Op("Sigmoid", StaticModels.Conv(g, g.Op("Sigmoid", StaticModels.Conv(g, x)), "b")), "c")),
        ["a layer in a branch behind codes that were moved"] = () => Picture((g, x) =>
        {
            var pooled = g.Op("MaxPool", [StaticModels.Conv(g, g.Op("Sigmoid", x))], ("kernel_shape", new long[] { 2, 2 }));
            var always = g.Op("Less", g.Op("ReduceMin", [x], ("keepdims", 0L)), g.Initializer("much", Tensor.Create([], 1e9f)));
            return g.If(always, then => [StaticModels.Conv(then, pooled, "b")],
                otherwise => [StaticModels.Conv(otherwise, otherwise.Op("Neg", pooled), "c")]).Output();
        }),
        ["a product of rows"] = () => Build(new(DataType.Float, Shape.Of(200, 16)), (g, x) => g.Op("Gemm", g.Op("Sigmoid", x),
            g.Weight("w", StaticModels.Matrix(16, 12)), g.Weight("b", Tensor.Create([12], Weights.Random(12))))),
    };

    private static IEnumerable<string> Models => s_models.Keys;

    [TestCaseSource(nameof(Models))]
    public void Mean_outputs_stay_nearly_where_they_were(string model)
    {
        var original = s_models[model]();
        var (plain, corrected) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, Static());

        var log = PassContexts.Run(corrected, Static(), new CorrectBias(new()));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("correct the bias"));
        Assert.That(Distance.OfMeans(original, corrected, axis: 1), Is.LessThan(Distance.OfMeans(original, plain, axis: 1) / 3));
        Assert.That(corrected.Graph.Nodes.Count, Is.LessThanOrEqualTo(plain.Graph.Nodes.Count + 1), "no node but a new bias's own");
        Assert.That(GraphVerifier.Verify(corrected), Is.Empty);
    }

    /// <summary>y + 1 without the rounding of y, but with the bounds that its codes have.</summary>
    [Test]
    public void The_unrounded_path_computes_what_stands_behind_a_rounding_without_it()
    {
        var model = Build(StaticModels.Rows, (g, x) =>
        {
            var (scale, zero) = (g.Initializer("s", Tensor.Create([], 0.5f)), g.Initializer("z", Tensor.Create(DataType.UInt8, [], new byte[] { 2 })));
            return g.Op("Add", g.Op("DequantizeLinear", g.Op("QuantizeLinear", x, scale, zero), scale, zero), g.Initializer("one", Tensor.Create([], 1f)));
        });
        new TypeInference(PassContexts.Engine).Run(model);
        var copy = new ModelCopy(model);
        var unrounded = new UnroundedPath(copy).Of(model.Graph.Outputs[0].Value);

        var g = new GraphBuilder();
        var (low, high) = (g.Initializer("low", Tensor.Create([], -1f)), g.Initializer("high", Tensor.Create([], 126.5f)));
        g.Output("y", g.Op("Add", g.Op("Clip", g.Input("x", StaticModels.Rows), low, high), g.Initializer("one", Tensor.Create([], 1f))));
        copy.Model.Graph.Outputs[0].Value = unrounded;
        PassTester.SameOutputs(g.Build(), copy.Model, new Tolerance(1e-6));
    }

    private static QuantizeStatic Static() => new(new() { Prefer = Preference.Size });

    private static OnnxModel Picture(Func<GraphBuilder, Value, Value> layers) => Build(new(DataType.Float, Shape.Of(4, StaticModels.Channels, 16, 16)), layers);

    private static OnnxModel Build(TensorType x, Func<GraphBuilder, Value, Value> layers)
    {
        var g = new GraphBuilder();
        g.Output("y", layers(g, g.Input("x", x)));
        return g.Build();
    }
}
