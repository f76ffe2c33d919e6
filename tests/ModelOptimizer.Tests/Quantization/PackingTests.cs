using CsCheck;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Quantization;

/// <summary>What ONNX Runtime unpacks is, bit for bit, what was packed.</summary>
public sealed class PackingTests
{
    [Test, Combinatorial]
    public void DequantizeLinear_reads_every_width_and_odd_size(
        [Values(2, 3, 4, 5, 6, 8)] int bits, [Values] bool symmetric, [Values(1, 33, 64, 130)] int depth, [Values(1, 3, 65)] int channels)
    {
        using var quantized = Quantize(depth, channels, bits, symmetric, depth);
        var unpacked = Dequantize(quantized, blocked: false);

        Assert.That(unpacked, Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 1)));
    }

    [Test, Combinatorial]
    public void DequantizeLinear_reads_blocks_the_last_of_them_partial(
        [Values(2, 3, 4, 5, 6, 8)] int bits, [Values] bool symmetric, [Values(16, 32, 256)] int blockSize, [Values(300, 512)] int depth, [Values(1, 7)] int channels)
    {
        using var quantized = Quantize(depth, channels, bits, symmetric, blockSize);
        var unpacked = Dequantize(quantized, blocked: true);

        Assert.That(unpacked, Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 1)));
    }

    [Test, Combinatorial]
    public void MatMulNBits_reads_every_width_and_partial_blocks(
        [Values(2, 3, 4, 5, 6, 8)] int bits, [Values] bool symmetric, [Values(16, 32, 128)] int blockSize, [Values(16, 40, 130, 300)] int depth, [Values(1, 5, 64)] int channels)
    {
        using var quantized = Quantize(depth, channels, bits, symmetric, blockSize);
        var unpacked = Run(Product(quantized), Identity(depth));

        Assert.That(unpacked, Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 1)).Within(1).Ulps);
    }

    [Test, Combinatorial]
    public void GatherBlockQuantized_reads_every_width_and_partial_blocks(
        [Values(2, 3, 4, 5, 6, 8)] int bits, [Values] bool symmetric, [Values(16, 32, 128)] int blockSize, [Values(16, 40, 132, 300)] int depth, [Values(1, 5, 64)] int rows)
    {
        using var quantized = Quantize(depth, rows, bits, symmetric, blockSize);
        var ids = Enumerable.Range(0, rows).Select(row => (long)row).ToArray();

        Assert.That(Run(Lookup(quantized), new() { ["ids"] = Tensor.Create([rows], ids) }), Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 0)));
    }

    /// <summary>Any weights, widths and sizes: what each operator unpacks is (code − zero point) · scale.</summary>
    [Test]
    public void Whatever_is_packed_is_unpacked() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 9], Gen.Int[2, 8], Gen.Bool, Gen.Int[4, 8].Select(log => 1 << log), Gen.Int[0, 1000]).Sample(
            (depth, channels, bits, symmetric, blockSize, seed) =>
            {
                var weights = Tensor.Create([depth, channels], Weights.Random(depth * channels, seed));
                using var quantized = RoundToNearest.Quantize(new WeightMatrix(weights, channelAxis: 1), new WeightGrid(bits, symmetric), blockSize)!;
                var columns = Weights.Dequantize(quantized, channelAxis: 1);
                Assert.That(Dequantize(quantized, blocked: true), Is.EqualTo(columns));
                Assert.That(Run(Product(quantized), Identity(depth)), Is.EqualTo(columns).Within(1).Ulps);
                if (GatherBlockQuantizedLayout.Holds(depth, quantized.Grid))
                    Assert.That(Run(Lookup(quantized), new() { ["ids"] = Tensor.Create([channels], [.. Enumerable.Range(0, channels).Select(row => (long)row)]) }),
                        Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 0)));
            }, iter: 200);

    /// <summary>A row of a table may be one block, and larger than any stack.</summary>
    [Test]
    public void A_block_may_be_as_large_as_a_row()
    {
        using var quantized = new QuantizedWeight(new WeightGrid(4, true), channels: 1, depth: 3 << 24, blockSize: 1 << 26);
        quantized.Codes.Fill(15);

        Assert.That(MatMulNBitsLayout.Pack(quantized).AsSpan(0, 3 << 23).IndexOfAnyExcept((byte)255), Is.EqualTo(-1));
    }

    [Test]
    public void A_channel_axis_in_the_middle_keeps_its_place()
    {
        var weights = Tensor.Create([2, 12, 5], Weights.Random(120));
        using var quantized = RoundToNearest.Quantize(new WeightMatrix(weights, channelAxis: 1), new WeightGrid(8, true), 10)!;
        var codes = DequantizeLinearLayout.Codes(quantized, [2, 12, 5], channelAxis: 1).AsSpan<sbyte>().ToArray();

        for (var i = 0; i < codes.Length; i++)
            Assert.That(codes[i] * quantized.Scales[i / 5 % 12], Is.EqualTo(weights.AsSpan<float>()[i]).Within(quantized.Scales[i / 5 % 12] / 1.99));
    }

    private static QuantizedWeight Quantize(int depth, int channels, int bits, bool symmetric, int blockSize)
    {
        var weights = Tensor.Create([depth, channels], Weights.Random(depth * channels));
        return RoundToNearest.Quantize(new WeightMatrix(weights, channelAxis: 1), new WeightGrid(bits, symmetric), blockSize)!;
    }

    private static float[] Dequantize(QuantizedWeight quantized, bool blocked)
    {
        var g = new GraphBuilder(opset: 25, irVersion: 13);
        var codes = g.Initializer("codes", DequantizeLinearLayout.Codes(quantized, [quantized.Depth, quantized.Channels], channelAxis: 1));
        var scales = g.Initializer("scales", DequantizeLinearLayout.Scales(quantized, blocked));
        var points = Points(g, DequantizeLinearLayout.ZeroPoints(quantized, blocked));
        (string, object)[] attributes = blocked ? [("axis", 0), ("block_size", quantized.BlockSize)] : [("axis", 1)];
        g.Output("y", g.Op("DequantizeLinear", points is null ? [codes, scales] : [codes, scales, points], attributes));
        return Run(g.Build(), []);
    }

    private static OnnxModel Product(QuantizedWeight quantized)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var product = g.Op("com.microsoft.MatMulNBits",
            [
                g.Input("x", DataType.Float, quantized.Depth, quantized.Depth), g.Initializer("b", MatMulNBitsLayout.Codes(quantized)),
                g.Initializer("scales", MatMulNBitsLayout.Scales(quantized)), Points(g, MatMulNBitsLayout.ZeroPoints(quantized)),
            ],
            ("K", quantized.Depth), ("N", quantized.Channels), ("bits", quantized.Grid.StorageBits), ("block_size", quantized.BlockSize));
        g.Output("y", product);
        return g.Build();
    }

    /// <summary>Rows are the channels.</summary>
    private static OnnxModel Lookup(QuantizedWeight quantized)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("com.microsoft.GatherBlockQuantized",
            [
                g.Initializer("table", GatherBlockQuantizedLayout.Codes(quantized)), g.Input("ids", DataType.Int64, quantized.Channels),
                g.Initializer("scales", GatherBlockQuantizedLayout.Scales(quantized)), Points(g, GatherBlockQuantizedLayout.ZeroPoints(quantized)),
            ],
            ("gather_axis", 0), ("quantize_axis", 1), ("bits", quantized.Grid.StorageBits), ("block_size", quantized.BlockSize)));
        return g.Build();
    }

    private static Value? Points(GraphBuilder g, Tensor? points) => points is null ? null : g.Initializer("points", points);

    private static Dictionary<string, Tensor> Identity(int size)
    {
        var matrix = new float[size * size];
        for (var i = 0; i < size; i++)
            matrix[i * size + i] = 1;
        return new() { ["x"] = Tensor.Create([size, size], matrix) };
    }

    private static float[] Run(OnnxModel model, Dictionary<string, Tensor> inputs)
    {
        using var session = PassContexts.Engine.Open(model, new SessionSettings(Optimize: false));
        return session.Run(inputs)[0]!.AsSpan<float>().ToArray();
    }
}
