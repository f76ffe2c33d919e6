using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>
/// What must get right what the quantizer that comes with ONNX Runtime's Python package (1.30) gets wrong. Its faults are numbered in the order in
/// which they were measured; each test says the number and what happens there. Numbers without a test concern no quantization.
/// </summary>
internal static class FaultPasses
{
    /// <summary>Every pass that changes numbers, with the least SQNR in dB and the largest share of the file's size that it must reach.</summary>
    private static readonly Dictionary<string, (IGraphPass Pass, double Sqnr, double Size)> Passes = new()
    {
        ["dynamic"] = (new QuantizeDynamic(new() { Prefer = Preference.Size }), 30, 0.45),
        ["static"] = (new QuantizeStatic(new() { Prefer = Preference.Size }), 27, 0.45),
        ["static, per tensor"] = (new QuantizeStatic(new() { Prefer = Preference.Size, PerChannel = false }), 25, 0.45),
        ["weights of 8 bits"] = (new QuantizeWeights(new()), 35, 0.45),
        ["weights of 4 bits"] = (new QuantizeWeights(new() { Bits = 4 }), 12, 0.35),
        ["float16, stored"] = (new ConvertFloat16(new()), 60, 0.65),
        ["float16, computed"] = (new ConvertFloat16(new() { Form = HalfForm.Compute }), 45, 0.65),
    };

    public const int Depth = 64;
    public const int Classes = 48;

    public static IEnumerable<string> Names => Passes.Keys;

    public static double LeastSqnr(string pass) => Passes[pass].Sqnr;

    /// <summary>Runs a pass on a model and holds the result to what the pass owes: it loads, answers nearly the same, and is smaller.</summary>
    /// <param name="weighs">Whether the model's file is mostly weights.</param>
    public static SmallRun Run(string pass, OnnxModel model, bool weighs = true)
    {
        var run = SmallRun.Of(model, Passes[pass].Pass);
        Assert.That(run.Log.Rewrites, Is.Not.Empty);
        Assert.That(GraphVerifier.Verify(run.Result), Is.Empty, "the graph is sound");
        Assert.That(run.Sqnr(optimize: true), Is.GreaterThan(Passes[pass].Sqnr), "as the runtime optimizes it");
        Assert.That(run.Sqnr(optimize: false), Is.GreaterThan(Passes[pass].Sqnr), "as written");
        Assert.That(PassContexts.Run(run.Result.Clone(), Passes[pass].Pass).Rewrites, Is.Empty, "nothing is left to do the second time");
        if (weighs)
            Assert.That(run.SizeRatio, Is.LessThan(Passes[pass].Size), "size");
        return run;
    }

    /// <summary>Elements of each constant of floats in all graphs.</summary>
    public static IEnumerable<long> Floats(OnnxModel model) =>
        from graph in GraphWalker.Graphs(model)
        from value in graph.MadeValues.Concat(graph.Initializers)
        where value.Constant?.ElementType == DataType.Float
        select value.Constant!.ElementCount;

    /// <summary>A convolution and a layer of <see cref="Classes"/> behind it.</summary>
    public static OnnxModel Classifier(GraphBuilder g)
    {
        g.Output("y", Dense(g, g.Op("Relu", StaticModels.Conv(g, g.Input("x", StaticModels.Picture)))));
        return g.Build();
    }

    public static Value Dense(GraphBuilder g, Value picture) => g.Op("Gemm", g.Op("Flatten", picture),
        g.Weight("w", StaticModels.Matrix(StaticModels.Channels * 36, Classes)), g.Weight("b", Tensor.Create([Classes], Weights.Random(Classes))));

    /// <summary>A weight of <see cref="Depth"/> × <see cref="Classes"/>.</summary>
    public static Value Matrix(GraphBuilder g, string name) => g.Weight(name, StaticModels.Matrix(Depth, Classes, seed: name[0]));

    /// <summary>A product and an LSTM behind it.</summary>
    public static Value Layers(GraphBuilder g, Value x)
    {
        var y = g.Op("MatMul", x, g.Weight("w", Tensor.Create([Depth, Depth], Small(Depth * Depth, 1))));
        var w = Tensor.Create([1, 4 * Depth, Depth], Small(4 * Depth * Depth, 2));
        var r = Tensor.Create([1, 4 * Depth, Depth], Small(4 * Depth * Depth, 3));
        return g.Op("Squeeze", g.Op("LSTM", [y, g.Weight("lw", w), g.Weight("lr", r)], ("hidden_size", Depth)), g.Int64s("axis", 1));
    }

    private static float[] Small(int count, int seed) => Array.ConvertAll(Weights.Random(count, seed), weight => weight / 20);
}
