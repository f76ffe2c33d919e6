using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Small models for static quantization, and what becomes of them in the runtime.</summary>
internal static class StaticModels
{
    public const int Channels = 8;

    public static readonly TensorType Picture = new(DataType.Float, Shape.Of(1, Channels, 6, 6));

    public static readonly TensorType Rows = new(DataType.Float, Shape.Of(3, 16));

    /// <summary>What 8 bits may cost in a model of a few layers.</summary>
    public static readonly Tolerance EightBits = new(0.04);

    /// <summary>A 3×3 convolution that keeps the picture's shape.</summary>
    public static Value Conv(GraphBuilder g, Value x, string name = "conv", bool bias = true) => g.Op("Conv",
        [x, g.Weight($"{name}_weight", Kernel(3)), .. bias ? [g.Weight($"{name}_bias", Tensor.Create([Channels], Weights.Random(Channels)))] : Array.Empty<Value>()],
        ("pads", new long[] { 1, 1, 1, 1 }));

    public static Tensor Kernel(int size) => Tensor.Create([Channels, Channels, size, size], [.. Weights.Random(Channels * Channels * size * size).Select(w => w / 8)]);

    public static Tensor Matrix(long rows, long columns, int seed = 1) => Tensor.Create([rows, columns], [.. Weights.Random((int)(rows * columns), seed).Select(w => w / 4)]);

    /// <summary>The operators of the main graph as the runtime runs them.</summary>
    public static IReadOnlyList<string> AtRunTime(OnnxModel model) =>
        [.. PassContexts.Engine.Optimize(model, RuntimeOptimization.Extended).Graph.Nodes.Select(node => node.OpType)];

    public static PassTest Quantize(OnnxModel model, QuantizeStaticOptions? options = null, Tolerance? tolerance = null) =>
        PassTester.Run(new QuantizeStatic((options ?? new()) with { Prefer = Preference.Size }), model, tolerance: tolerance ?? EightBits);
}
