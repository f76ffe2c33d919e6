using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>quantize-weights on models whose weights are float16 already.</summary>
public sealed class HalfWeightsTests
{
    private const int Depth = 64;
    private const int Channels = 48;

    /// <summary>The int8 activations of the runtime's n-bit product, and outputs of 11 bits.</summary>
    private static readonly Tolerance Rough = new(0.02);

    private static readonly Dictionary<string, Func<GraphBuilder, Value, Tensor, Value>> s_readers = new()
    {
        ["MatMul"] = (g, x, w) => g.Op("MatMul", x, Half(g, "w", w)),
        ["Gemm with a bias"] = (g, x, w) => g.Op("Gemm", [x, Half(g, "w", w), Half(g, "b", Tensor.Create([Channels], Weights.Random(Channels)))], ("alpha", 0.5f)),
        ["Gather"] = (g, _, w) => g.Op("Gather", Half(g, "w", w), g.Input("ids", DataType.Int64, 4)),
        ["tied"] = (g, _, w) =>
        {
            var table = Half(g, "w", w);
            return g.Op("MatMul", g.Op("Gather", table, g.Input("ids", DataType.Int64, 4)), g.Op("Transpose", [table], ("perm", new long[] { 1, 0 })));
        },
    };

    private static IEnumerable<string> Readers => s_readers.Keys;

    [TestCaseSource(nameof(Readers))]
    public void Nodes_that_compute_in_float16_give_what_they_gave_with_rounded_weights(string reader)
    {
        foreach (var (bits, opset) in new[] { (4, 17), (8, 17), (4, 21), (3, 21) })
        {
            var quantized = Model(reader, Matrix, opset);
            var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, BlockSize = 16 }));

            Assert.That(log.Weights.Single(weight => weight.Weight == "w").Form, Does.Contain($"int{bits}"));
            Assert.That(GraphVerifier.Verify(quantized), Is.Empty);
            var (axis, block) = (reader is "Gather" or "tied" ? 0 : 1, reader is "Gather" or "tied" && bits == 8 ? (int?)null : 16);
            PassTester.SameOutputs(Model(reader, Weights.Rounded(Matrix, axis, bits, block), opset), quantized, Rough);
        }
    }

    /// <summary>Of attention in float16 the runtime has no kernel for CPUs: what becomes of it is held against float32.</summary>
    [Test]
    public void Attention_in_float16_computes_in_float32([Values(17, 21)] int opset)
    {
        var weight = Tensor.Create([32, 96], [.. Weights.Random(32 * 96).Select(w => (float)(Half)(w / 10))]);
        var bias = Tensor.Create([96], new float[96]);
        OnnxModel Model(DataType type, Tensor w)
        {
            var g = new GraphBuilder(opset, 10);
            var x = g.Op("Cast", [g.Input("x", DataType.Float, 2, 5, 32)], ("to", (long)type));
            var scores = g.Op("Cast", [g.Input("scores", DataType.Float, 2, 4, 5, 5)], ("to", (long)type));
            var (projection, b) = type == DataType.Float ? (g.Weight("w", w), g.Weight("b", bias)) : (Half(g, "w", w), Half(g, "b", bias));
            var attention = g.Op("com.microsoft.Attention", [x, projection, b, null, null, scores], ("num_heads", 4L));
            g.Output("y", g.Op("Cast", [attention], ("to", (long)DataType.Float)));
            return g.Build();
        }

        var quantized = Model(DataType.Float16, weight);
        var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32, Format = WeightFormat.Contrib }));

        Assert.That(log.Weights.Single(one => one.Weight == "w").Form, Does.Contain("MatMulNBits"));
        Assert.That(GraphVerifier.Verify(quantized), Is.Empty);
        PassTester.SameOutputs(Model(DataType.Float, Weights.Rounded(weight, 1, 8, 32)), quantized, Rough);
    }

    [Test]
    public void Nodes_that_compute_in_bfloat16_give_back_bfloat16()
    {
        var g = new GraphBuilder(21, 10);
        var w = g.Weight("w", Tensor.Create(DataType.BFloat16, [Depth, Channels], new ushort[Depth * Channels]));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.BFloat16, 4, Depth), w));
        var model = g.Build();
        PassContexts.Run(model, new QuantizeWeights(new() { Bits = 4, Format = WeightFormat.Contrib }));

        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Cast", "MatMulNBits", "Cast" }));
        Assert.That(model.Graph.Nodes.Last().Attributes.GetInt("to", 0), Is.EqualTo((long)DataType.BFloat16));
        Assert.That(model.Graph.Nodes.Last().Name, Does.EndWith("_bfloat16"));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
    }

    [Test]
    public void Weights_that_are_only_stored_in_16_bits_are_seen_behind_their_Casts([Values(DataType.Float16, DataType.BFloat16)] DataType type)
    {
        var half = type == DataType.Float16 ? HalfType.Float16 : HalfType.Bfloat16;
        var model = Float();
        PassContexts.Run(model, new ConvertFloat16(new() { Type = half }));
        var log = PassContexts.Run(model, new QuantizeWeights(new() { Bits = 4, Format = WeightFormat.Contrib }));

        Assert.That(log.Weights.Single(weight => weight.Form is not null).Type.ElementType, Is.EqualTo(type));
        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType), Is.EqualTo(new[] { "MatMulNBits" }));
    }

    /// <summary>However they lie: side by side, row by row, and in kernels.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Blocks_are_read_as_the_floats_that_16_bits_stand_for(int channelAxis)
    {
        var floats = Tensor.Create([5, 60, 33], [.. Weights.Random(5 * 60 * 33)]);
        foreach (var type in new[] { DataType.Float16, DataType.BFloat16 })
        {
            var halves = HalfPrecision.Convert(floats, type).Content;
            var (matrix, expected) = (new WeightMatrix(halves, channelAxis), new WeightMatrix(Tensor.Create([5, 60, 33], halves.ToFloats()), channelAxis));
            var (block, same) = (new float[4 * 20], new float[4 * 20]);
            matrix.Read(1, 4, 3, 20, block);
            expected.Read(1, 4, 3, 20, same);

            Assert.That(block, Is.EqualTo(same), $"{type}");
        }
    }

    /// <summary>Weights may fill what memory there is: floats would take twice as much again.</summary>
    [Test]
    public void No_floats_are_made_of_a_whole_weight([Values("round-to-nearest", "hqq")] string algorithm)
    {
        const int size = 1024;
        var g = new GraphBuilder(21, 10);
        g.Output("y", g.Op("MatMul", g.Op("Cast", [g.Input("x", DataType.Float, 4, size)], ("to", (long)DataType.Float16)),
            Half(g, "w", Tensor.Create([size, size], Weights.Random(size * size)))));
        var model = g.Build();
        using var limit = Cores.Limit(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        PassContexts.Run(model, new QuantizeWeights(new() { Bits = 4, Algorithm = WeightAlgorithm.Find(algorithm)! }));

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(3 * size * size));
    }

    [Test]
    public void Storage_that_would_be_float32_at_every_run_is_refused()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float16, 1, 8, 5, 5), Half(g, "w", Tensor.Create([16, 8, 3, 3], Weights.Random(16 * 72)))));

        Assert.That(PassContexts.Run(g.Build(), new QuantizeWeights(new() { Storage = true })).Weights.Single().Refusal, Does.StartWith("it is float16 already"));
    }

    /// <summary>Scales that are stored in float16 afterwards are float32 again when the model is loaded: what the runtime fuses.</summary>
    [Test]
    public void Float16_behind_it_halves_the_scales_and_keeps_the_product()
    {
        var (plain, halved) = (Float(), Float());
        var pass = new QuantizeWeights(new() { Bits = 4, BlockSize = 16 });
        PassContexts.Run(plain, pass);
        PassContexts.Run(halved, pass, new ConvertFloat16(new() { MinElements = 1 }));

        Assert.That(halved.Graph.Initializers.Select(value => value.Initializer!.ElementType), Has.None.EqualTo(DataType.Float).And.Some.EqualTo(DataType.Float16));
        PassTester.SameOutputs(plain, halved, new Tolerance(1e-3));
    }

    /// <summary>Of floats that float16 holds: else codes next to a tie would differ.</summary>
    private static Tensor Matrix { get; } = Tensor.Create([Depth, Channels], [.. Weights.Random(Depth * Channels).Select(weight => (float)(Half)(weight / 8))]);

    private static OnnxModel Float()
    {
        var g = new GraphBuilder(21, 10);
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 4, Depth), g.Weight("w", Matrix)));
        return g.Build();
    }

    private static OnnxModel Model(string reader, Tensor weight, int opset)
    {
        var g = new GraphBuilder(opset, 10);
        var x = reader is "Gather" or "tied" ? null : g.Op("Cast", [g.Input("x", DataType.Float, 4, Depth)], ("to", (long)DataType.Float16));
        g.Output("y", g.Op("Cast", [s_readers[reader](g, x!, weight)], ("to", (long)DataType.Float)));
        return g.Build();
    }

    private static Value Half(GraphBuilder g, string name, Tensor content) => g.Weight(name,
        Tensor.Create(DataType.Float16, content.Dimensions.AsSpan(), [.. content.AsSpan<float>().ToArray().Select(element => (Half)element)]));
}
