using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>What a form foretells of its bytes, by which a size budget chooses.</summary>
public sealed class WeightFormTests
{
    private const int Channels = 43;

    private static readonly Dictionary<string, Func<GraphBuilder, Value, Value>> s_readers = new()
    {
        ["MatMul"] = (g, w) => g.Op("MatMul", g.Input("x", DataType.Float, 2, w.Initializer!.Dimensions[0]), w),
        ["Gather"] = (g, w) => g.Op("Gather", w, g.Input("ids", DataType.Int64, 4)),
        ["tied"] = (g, w) =>
            g.Op("MatMul", g.Op("Gather", w, g.Input("ids", DataType.Int64, 4)), g.Op("Transpose", [w], ("perm", new long[] { 1, 0 }))),
        ["storage"] = (g, w) => g.Op("Mul",
            g.Op("MatMul", w, g.Input("x", DataType.Float, w.Initializer!.Dimensions[1], 2)), g.Initializer("one", Tensor.Create([], 1f))),
    };

    private static IEnumerable<string> Readers => s_readers.Keys;

    /// <summary>Of depths that no block size divides, or only small ones: MatMulNBits fills up the last block, others don't.</summary>
    [Test]
    public void Bytes_are_foretold(
        [ValueSource(nameof(Readers))] string reader, [Values(96, 300, 384)] int depth, [Values(2, 4, 8)] int bits, [Values] bool symmetric,
        [Values(17, 21, 25)] int opset)
    {
        foreach (var block in new int?[] { null, 16, 32, 128, 256 })
        {
            var options = new QuantizeWeightsOptions
            {
                Bits = bits, Symmetric = symmetric, BlockSize = block, PerChannel = block is null, Storage = true,
            };
            var model = Model(reader, depth, opset);
            var weight = HalfWeights.Find(model).Single();
            if (new WeightPlanner(options).Plan(weight, opset).Plan is not { } plan)
                continue;
            var foretold = plan.ByteCount(new WeightMatrix(weight.Content, plan.ChannelAxis));

            Assert.That(PassContexts.Run(model, new QuantizeWeights(options)).Weights.Single().BytesAfter, Is.EqualTo(foretold), $"{plan}");
        }
    }

    /// <summary>Codes of 384 weights in 4 bits are 192 bytes, and 256 in two blocks of 256, each with a scale.</summary>
    [Test]
    public void MatMulNBits_fills_up_the_last_block()
    {
        var matrix = new WeightMatrix(Tensor.Create([384, 1], new float[384]), channelAxis: 1);
        var grid = new WeightGrid(4, IsSymmetric: true);

        Assert.That(new MatMulNBitsForm().ByteCount(grid, matrix, 256), Is.EqualTo(264));
        Assert.That(new BlockLookupForm().ByteCount(grid, matrix, 256), Is.EqualTo(200));
        Assert.That(new DequantizeLinearForm(contrib: false).ByteCount(grid, matrix, 256), Is.EqualTo(200));
    }

    private static OnnxModel Model(string reader, int depth, int opset)
    {
        var g = new GraphBuilder(opset, opset > 21 ? 13 : 10);
        var (rows, columns) = reader == "MatMul" ? (depth, Channels) : (Channels, depth);
        g.Output("y", s_readers[reader](g, g.Weight("w", Tensor.Create([rows, columns], Weights.Random(rows * columns)))));
        return g.Build();
    }
}
