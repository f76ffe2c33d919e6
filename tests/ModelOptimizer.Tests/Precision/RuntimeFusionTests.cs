using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Tests.Precision;

/// <summary>What is written must be what ONNX Runtime makes fast: one operator, no floats rebuilt at every run.</summary>
public sealed class RuntimeFusionTests
{
    private const int Depth = 96;
    private const int Channels = 40;

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach (var transB in new[] { false, true })
            foreach (var biasRank in new[] { 0, 1, 2 })
            {
                yield return Case(transB, biasRank, 17, new QuantizeWeights(new()), "MatMulNBits");
                yield return Case(transB, biasRank, 11, new QuantizeWeights(new() { PerChannel = true }), "MatMulNBits");
                yield return Case(transB, biasRank, 21, new QuantizeWeights(new() { Bits = 4 }), "MatMulNBits");
                yield return Case(transB, biasRank, 21, new QuantizeWeights(new() { Bits = 4, Symmetric = false }), "MatMulNBits");
                yield return Case(transB, biasRank, 17, new QuantizeDynamic(new() { Prefer = Preference.Size }), "DynamicQuantizeMatMul");
            }

        static TestCaseData Case(bool transB, int biasRank, int opset, IGraphPass pass, string fused) =>
            new TestCaseData(transB, biasRank, opset, pass, fused).SetArgDisplayNames($"{pass.Name} at {opset}, transB {transB}, bias of rank {biasRank}");
    }

    [TestCaseSource(nameof(Cases))]
    public void A_compressed_Gemm_becomes_one_operator(bool transB, int biasRank, int opset, IGraphPass pass, string fused)
    {
        var model = Gemm(transB, biasRank, opset);
        PassContexts.Run(model, pass);

        // A bias of rank 2 stays an Add where the pass could not make it a row of the product.
        Assert.That(OperatorsAfterLoading(model).Where(name => name != "Add"), Is.EqualTo(new[] { fused }));
    }

    [Test]
    public void Float16_storage_is_folded_at_load()
    {
        var model = Gemm(transB: false, biasRank: 1, opset: 17);
        PassContexts.Run(model, new ConvertFloat16(new()));

        Assert.That(OperatorsAfterLoading(model), Is.EqualTo(new[] { "Gemm" }));
    }

    /// <summary>The runtime makes float32 of the scales first; scales of float16 themselves it would not fuse.</summary>
    [Test]
    public void A_product_with_scales_stored_in_float16_becomes_one_operator(
        [Values] WeightFormat format, [Values(2, 4)] int bits, [Values] bool symmetric)
    {
        var model = Gemm(transB: false, biasRank: 1, opset: bits == 2 ? 25 : 21);
        PassContexts.Run(model,
            new QuantizeWeights(new() { Bits = bits, Symmetric = symmetric, Format = format }), new ConvertFloat16(new() { MinElements = 1 }));

        var types = model.Graph.Initializers.Select(value => value.Initializer!.ElementType);
        Assert.That(types, Has.None.EqualTo(DataType.Float).And.Some.EqualTo(DataType.Float16));
        Assert.That(OperatorsAfterLoading(model).Where(name => name != "Add"), Is.EqualTo(new[] { "MatMulNBits" }));
    }

    [Test]
    public void A_tied_table_of_blocks_is_read_by_two_operators_and_nothing_else()
    {
        var g = new GraphBuilder();
        var table = g.Weight("table", Tensor.Create([Channels, Depth], Weights.Random(Depth * Channels)));
        var rows = g.Op("Gather", table, g.Input("ids", DataType.Int64, new Dimension(null, "rows")));
        g.Output("y", g.Op("MatMul", rows, g.Op("Transpose", [table], ("perm", new long[] { 1, 0 }))));
        var model = g.Build();
        PassContexts.Run(model, new QuantizeWeights(new() { Bits = 4 }));

        Assert.That(OperatorsAfterLoading(model), Is.EqualTo(new[] { "GatherBlockQuantized", "MatMulNBits" }));
    }

    [Test]
    public void A_tied_table_of_rows_is_multiplied_by_one_operator([Values(9, 17)] int opset, [Values] WeightFormat format, [Values] bool isInBranch)
    {
        var g = new GraphBuilder(opset);
        var (table, ids) = (g.Weight("table", Tensor.Create([Channels, Depth], Weights.Random(Depth * Channels))), g.Input("ids", DataType.Int64, 3));
        g.Output("y", isInBranch
            ? g.If(g.Input("c", DataType.Bool), then => [Scores(then)], otherwise => [otherwise.Op("Neg", Scores(otherwise))]).Output()
            : Scores(g));
        var model = g.Build();
        PassContexts.Run(model, new QuantizeWeights(new() { Format = format }));

        Assert.That(OperatorsAfterLoading(model).Except(["If", "Neg"]), Is.EqualTo(new[] { "Gather", "Cast", "Mul", "MatMulNBits" }));

        Value Scores(GraphBuilder body) =>
            body.Op("MatMul", body.Op("Gather", table, ids), body.Op("Transpose", [table], ("perm", new long[] { 1, 0 })));
    }

    [Test]
    public void Palettes_are_folded_at_load([Values(2, 3, 4, 6, 7, 8)] int bits, [Values(null, 4)] int? groupSize, [Values(9, 17, 21, 25)] int opset)
    {
        var g = new GraphBuilder(opset);
        // 14283 weights: no part of 4, 2 or 1 bits fills its last byte.
        var weight = g.Weight("w", Tensor.Create([69, 23, 3, 3], [.. Weights.Random(14283).Select((weight, i) => weight * (1 + i / 207))]));
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 23, 8, 8), weight));
        var model = g.Build();
        Assert.That(PassContexts.Run(model, new Palettize(new() { Bits = bits, GroupSize = groupSize })).Rewrites, Has.Count.EqualTo(1));

        Assert.That(OperatorsAfterLoading(model), Is.EqualTo(new[] { "Conv" }));
    }

    [Test]
    public void Palettes_are_folded_at_load_in_bodies_too([Values(4, 6)] int bits, [Values(17, 21)] int opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, 3, Depth);
        var chosen = g.If(g.Input("c", DataType.Bool), then => [Product(then, 1)], otherwise => [otherwise.Op("Abs", Product(otherwise, 2))]);
        g.Output("y", chosen.Output());
        var model = g.Build();
        Assert.That(PassContexts.Run(model, new Palettize(new() { Bits = bits })).Rewrites, Has.Count.EqualTo(2));

        Assert.That(OperatorsAfterLoading(model).Order(), Is.EqualTo(new[] { "Abs", "If", "MatMul", "MatMul" }));

        Value Product(GraphBuilder body, int seed) =>
            body.Op("MatMul", x, body.Weight($"w{seed}", Tensor.Create([Depth, Channels], Weights.Random(Depth * Channels, seed))));
    }

    private static OnnxModel Gemm(bool transB, int biasRank, int opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, new Dimension(null, "rows"), Depth);
        var weight = g.Weight("w", Tensor.Create(transB ? [Channels, Depth] : [Depth, Channels], Weights.Random(Depth * Channels)));
        var bias = biasRank == 0 ? null : g.Weight("bias", Tensor.Create(biasRank == 1 ? [Channels] : [1, Channels], Weights.Random(Channels)));
        g.Output("y", g.Op("Gemm", bias is null ? [x, weight] : [x, weight, bias], ("transB", transB ? 1 : 0)));
        return g.Build();
    }

    private static IReadOnlyList<string> OperatorsAfterLoading(OnnxModel model)
    {
        var path = Path.GetTempFileName();
        try
        {
            using var options = new SessionOptions { OptimizedModelFilePath = path, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using (new InferenceSession(ModelWriter.ToBytes(model), options))
                return [.. GraphWalker.Nodes(OnnxModel.Load(path)).Select(node => node.OpType)];
        }
        finally
        {
            File.Delete(path);
        }
    }
}
