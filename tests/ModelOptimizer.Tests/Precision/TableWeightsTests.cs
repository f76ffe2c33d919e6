using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>quantize-weights on tables that rows are looked up in, and that products may read, too.</summary>
public sealed class TableWeightsTests
{
    private const int Words = 50;

    /// <summary>Enough for the int8 activations of the runtime's n-bit product.</summary>
    private static readonly Tolerance IntegerActivations = new(0.02);

    [Test]
    public void Few_bits_are_looked_up_in_blocks([Values(2, 3, 4)] int bits, [Values] bool symmetric, [Values(9, 17)] int opset, [Values(64, 100)] int width)
    {
        var table = Table(width);
        var quantized = Lookup(table, opset);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, Symmetric = symmetric }));

        Assert.That(GraphWalker.Nodes(quantized).Select(node => node.OpType), Is.EqualTo(new[] { "GatherBlockQuantized" }));
        PassTester.SameOutputs(Lookup(Weights.Rounded(table, channelAxis: 0, bits, 32, symmetric), opset), quantized, Tolerance.BitExact);
    }

    [Test]
    public void A_row_may_be_one_block([Values(64, 100)] int width)
    {
        var table = Table(width);
        var quantized = Lookup(table, 17);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 4, PerChannel = true }));

        PassTester.SameOutputs(Lookup(Weights.Rounded(table, channelAxis: 0, 4), 17), quantized, Tolerance.BitExact);
    }

    /// <summary>The standard has no such lookup, and an odd row has half a byte too much for the contrib one.</summary>
    [TestCase(64, WeightFormat.Standard)]
    [TestCase(81, WeightFormat.Auto)]
    public void Where_blocks_have_no_form_rows_keep_8_bits(int width, WeightFormat format)
    {
        var table = Table(width);
        var quantized = Lookup(table, 17);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 4, Format = format }));

        PassTester.SameOutputs(Lookup(Weights.Rounded(table, channelAxis: 0, 8), 17), quantized, Tolerance.BitExact);
    }

    [Test]
    public void Lookups_and_products_read_the_same_bytes([Values(2, 3, 4)] int bits, [Values] bool symmetric, [Values(9, 21)] int opset, [Values(64, 48)] int width)
    {
        var table = Table(width);
        var (quantized, block) = (Tied(table, opset), width == 64 ? 32 : 16);
        var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, Symmetric = symmetric }));

        Assert.That(GraphWalker.Nodes(quantized).Select(node => node.OpType), Is.EqualTo(new[] { "GatherBlockQuantized", "Reshape", "MatMulNBits" }));
        Assert.That(quantized.Graph.Initializers.Count(value => value.Initializer!.ElementType == DataType.UInt8), Is.EqualTo(symmetric ? 1 : 2));
        Assert.That(log.Weights.Single().BytesAfter, Is.LessThan(table.ByteCount / (bits == 2 ? 5 : 4)));
        PassTester.SameOutputs(Tied(Weights.Rounded(table, channelAxis: 0, bits, block, symmetric), opset), quantized, IntegerActivations);
    }

    /// <summary>Gemm transposes by itself.</summary>
    [Test]
    public void A_Gemm_reads_a_tied_table_as_it_stands([Values(4, 8)] int bits, [Values(17, 21)] int opset)
    {
        OnnxModel Model(Tensor table)
        {
            var g = new GraphBuilder(opset);
            var w = g.Weight("table", table);
            var rows = g.Op("Gather", w, g.Input("ids", DataType.Int64, 3));
            g.Output("y", g.Op("Gemm", [rows, w, g.Weight("bias", Tensor.Create([Words], Weights.Random(Words)))], ("transB", 1L)));
            return g.Build();
        }

        var (table, quantized) = (Table(64), Model(Table(64)));
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits }));

        Assert.That(quantized.Graph.Initializers.Where(value => value.Name.Contains("quantized", StringComparison.Ordinal)), Has.One.Items);
        PassTester.SameOutputs(Model(Weights.Rounded(table, channelAxis: 0, bits, bits == 8 ? null : 32)), quantized, IntegerActivations);
        PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), Model(table), tolerance: IntegerActivations);
    }

    /// <summary>Products want whole blocks, of 16 at least.</summary>
    [Test]
    public void A_tied_table_of_rows_that_no_block_divides_keeps_8_bits()
    {
        var table = Table(40);
        var quantized = Tied(table, 17);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 4 }));

        PassTester.SameOutputs(Tied(Weights.Rounded(table, channelAxis: 0, 8), 17), quantized, new Tolerance(1e-5));
    }

    /// <summary>The standard's DequantizeLinear has a scale for each channel from opset 13 on, the runtime's own at every one.</summary>
    [Test]
    public void Rows_of_8_bits_are_multiplied_at_every_opset(
        [Values(8, 9, 12, 13)] int opset, [Values] WeightFormat format, [Values("within", "transB")] string transpose)
    {
        OnnxModel Model(Tensor table)
        {
            var g = new GraphBuilder(opset);
            var w = g.Weight("table", table);
            var rows = g.Op("Gather", w, g.Input("ids", DataType.Int64, 3));
            g.Output("y", transpose == "transB"
                ? g.Op("Gemm", [rows, w, g.Weight("bias", Tensor.Create([Words], Weights.Random(Words)))], ("transB", 1L))
                : g.Op("MatMul", rows, g.Op("Transpose", [w], ("perm", new long[] { 1, 0 }))));
            return g.Build();
        }

        var quantized = Model(Table(64));
        var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Format = format }));

        var isContrib = format == WeightFormat.Contrib || (format == WeightFormat.Auto && opset < 13);
        var dequantize = quantized.Graph.Nodes.Single(node => node.OpType == "DequantizeLinear");
        Assert.That(dequantize.Domain, Is.EqualTo(isContrib ? "com.microsoft" : ""));
        Assert.That(log.Weights.Single().Form, Does.EndWith(isContrib ? "com.microsoft.DequantizeLinear" : ", DequantizeLinear"));
        Assert.That(quantized.Opset, Is.EqualTo(format == WeightFormat.Standard ? 13 : opset));
        PassTester.SameOutputs(Model(Weights.Rounded(Table(64), channelAxis: 0, 8)), quantized, new Tolerance(1e-5));
    }

    /// <summary>As merged decoders have it. The runtime fuses DequantizeLinear in a body with constants of that body only.</summary>
    [Test]
    public void Bodies_may_read_a_tied_table_of_the_outer_graph(
        [Values(8, 4)] int bits, [Values] WeightFormat format, [Values(17, 21)] int opset, [Values("within", "outside", "transB")] string transpose)
    {
        var (table, quantized) = (Table(64), Branches(Table(64), opset, transpose));
        var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, Format = format }));

        Assert.That(log.Weights.Single().Refusal, Is.Null);
        Assert.That(ConstantBytes(quantized), Is.InRange(log.Weights.Single().BytesAfter, log.Weights.Single().BytesAfter + 64));
        var isWhole = bits == 8 || format == WeightFormat.Standard;
        var rounded = Branches(Weights.Rounded(table, channelAxis: 0, isWhole ? 8 : bits, isWhole ? null : 32), opset, transpose);
        foreach (var condition in new[] { true, false })
        {
            var inputs = Inputs(condition);
            PassTester.SameOutputs(rounded, quantized, IntegerActivations, inputs);
            using var optimized = PassContexts.Engine.Open(quantized, new SessionSettings());
            using var plain = PassContexts.Engine.Open(rounded, new SessionSettings());
            TensorAssert.AreEqual(plain.Run(inputs)[0], optimized.Run(inputs)[0], IntegerActivations, $"{condition}");
        }
    }

    /// <summary>
    /// What is stored once in the outer graph is what the runtime fails to load. Short tables fold what they transpose; of long ones, the scales, too, are
    /// worth storing once.
    /// </summary>
    [Test]
    public void Passes_that_share_constants_leave_bodies_theirs(
        [Values(50, 300)] int words, [Values] bool isBefore, [Values("within", "transB")] string transpose, [Values("simplify", "fuse")] string pass)
    {
        var quantized = Branches(Table(64, words), 17, transpose, isBefore);
        PassContexts.Run(quantized, new QuantizeWeights(new()));
        var cleaned = quantized.Clone();
        PassContexts.Run(cleaned, pass == "simplify" ? new Simplify(new()) : new Fuse(new()));

        Assert.That(GraphWalker.Nodes(cleaned).Count(node => node.OpType == "DequantizeLinear" && node.Graph != cleaned.Graph), Is.EqualTo(2));
        foreach (var condition in new[] { true, false })
        {
            using var expected = PassContexts.Engine.Open(quantized, new SessionSettings());
            using var actual = PassContexts.Engine.Open(cleaned, new SessionSettings());
            var inputs = Inputs(condition);
            TensorAssert.AreEqual(expected.Run(inputs)[0], actual.Run(inputs)[0], new Tolerance(1e-6), $"{condition}");
        }
    }

    private static Dictionary<string, Tensor> Inputs(bool condition) => new()
    {
        ["ids"] = Tensor.Create([3], 4L, 0L, 41L), ["c"] = Tensor.Create(DataType.Bool, [], new[] { condition }),
    };

    private static long ConstantBytes(OnnxModel model) =>
        GraphWalker.Graphs(model).SelectMany(graph => graph.Initializers).Sum(constant => constant.Initializer!.ByteCount);

    /// <summary>Both branches look up and multiply.</summary>
    /// <param name="isBefore">Whether the graph around them does the same, before.</param>
    private static OnnxModel Branches(Tensor table, int opset, string transpose, bool isBefore = false)
    {
        var g = new GraphBuilder(opset);
        var (w, ids) = (g.Weight("table", table), g.Input("ids", DataType.Int64, 3));
        var turned = transpose == "outside" ? Transpose(g) : null;
        var before = isBefore ? Scores(g) : null;
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [Scores(then)], otherwise => [otherwise.Op("Neg", Scores(otherwise))]).Output());
        if (before is not null)
            g.Output("before", before);
        return g.Build();

        Value Scores(GraphBuilder body)
        {
            var rows = body.Op("Gather", w, ids);
            return transpose == "transB" ? body.Op("Gemm", [rows, w], ("transB", 1L)) : body.Op("MatMul", rows, turned ?? Transpose(body));
        }

        Value Transpose(GraphBuilder graph) => graph.Op("Transpose", [w], ("perm", new long[] { 1, 0 }));
    }

    private static Tensor Table(int width, int words = Words) => Tensor.Create([words, width], Weights.Random(words * width));

    private static OnnxModel Lookup(Tensor table, int opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("Gather", g.Weight("table", table), g.Input("ids", DataType.Int64, 2, 3)));
        return g.Build();
    }

    private static OnnxModel Tied(Tensor table, int opset)
    {
        var g = new GraphBuilder(opset);
        var w = g.Weight("table", table);
        var rows = g.Op("Gather", w, g.Input("ids", DataType.Int64, 3));
        g.Output("y", g.Op("MatMul", rows, g.Op("Transpose", [w], ("perm", new long[] { 1, 0 }))));
        return g.Build();
    }
}
