using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>Options that give some weights other bits than all others.</summary>
public sealed class WeightPolicyTests
{
    private const int Words = 500;
    private const int Width = 32;

    [Test]
    public void The_LM_head_gets_bits_of_its_own() =>
        Assert.That(Bits(Decoder(), new() { Bits = 4, LmHeadBits = 8, Exclude = ["table"] }), Is.EqualTo(new Dictionary<string, string>
        {
            ["up0"] = "int4", ["down0"] = "int4", ["up1"] = "int4", ["down1"] = "int4", ["up2"] = "int4", ["down2"] = "int4", ["head"] = "int8",
        }));

    [Test]
    public void The_first_and_last_block_get_bits_of_their_own() =>
        Assert.That(Bits(Decoder(), new() { Bits = 4, FirstLastBits = 6, Exclude = ["table"] }), Is.EqualTo(new Dictionary<string, string>
        {
            ["up0"] = "int6", ["down0"] = "int6", ["up1"] = "int4", ["down1"] = "int4", ["up2"] = "int6", ["down2"] = "int6", ["head"] = "int4",
        }));

    [Test]
    public void Tables_get_bits_of_their_own() =>
        Assert.That(Bits(Decoder(), new() { Bits = 8, EmbeddingBits = 6 })["table"], Is.EqualTo("int6"));

    [Test]
    public void With_32_bits_weights_stay_as_they_are()
    {
        var model = Decoder();
        var log = PassContexts.Run(model, new QuantizeWeights(new() { LmHeadBits = 32, FirstLastBits = 32, EmbeddingBits = 32, Format = WeightFormat.Contrib }));

        Assert.That(log.Weights.Where(weight => weight.Refusal is not null).ToDictionary(weight => weight.Weight, weight => weight.Refusal),
            Is.EqualTo(new Dictionary<string, string>
            {
                ["table"] = "embedding-bits: 32 keeps it", ["head"] = "lm-head-bits: 32 keeps it",
                ["up0"] = "first-last-bits: 32 keeps it", ["down0"] = "first-last-bits: 32 keeps it",
                ["up2"] = "first-last-bits: 32 keeps it", ["down2"] = "first-last-bits: 32 keeps it",
            }));
    }

    /// <summary>A table of words that is read transposed by the last product: one weight under two options.</summary>
    [TestCase(8, 6, "int8")]
    [TestCase(6, 8, "int8")]
    [TestCase(6, null, "int6")]
    [TestCase(null, 6, "int6")]
    public void A_table_that_is_also_the_LM_head_follows_the_option_of_more_bits(int? head, int? table, string type) =>
        Assert.That(Bits(Decoder(tied: true), new() { Bits = 5, LmHeadBits = head, EmbeddingBits = table })["table"], Is.EqualTo(type));

    [Test]
    public void A_head_is_known_by_its_width_where_no_table_tells_the_vocabulary() =>
        Assert.That(Bits(Decoder(withTable: false), new() { Bits = 4, LmHeadBits = 8 })["head"], Is.EqualTo("int8"));

    /// <summary>As wide as a vocabulary, but another layer reads what it makes; or last, but no wider than other layers.</summary>
    [Test]
    public void A_layer_that_only_resembles_a_head_is_none([Values] bool isWide)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, 3, Width);
        var middle = isWide ? Words : 2 * Width;
        x = g.Op("Relu", g.Op("MatMul", x, Weight(g, "in", Width, middle)));
        g.Output("y", g.Op("MatMul", x, Weight(g, "out", middle, 2 * Width)));

        Assert.That(Bits(g.Build(), new() { Bits = 4, LmHeadBits = 8 }).Values, Is.All.EqualTo("int4"));
    }

    /// <summary>As convert-float16 leaves weights, and as dequantized ones stand: each layer hides the next from none.</summary>
    [TestCase("Cast")]
    [TestCase("DequantizeLinear")]
    [TestCase("MatMulNBits")]
    public void The_head_is_the_last_layer_however_the_others_are_stored(string stored)
    {
        var model = Decoder();
        var format = stored == "MatMulNBits" ? WeightFormat.Contrib : WeightFormat.Auto;
        PassContexts.Run(model, stored == "Cast"
            ? new ConvertFloat16(new() { Exclude = ["head", "table"] })
            : new QuantizeWeights(new() { Exclude = ["head", "table", "up0", "up1"], Bits = 8, Format = format }));

        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Has.Some.EqualTo(stored));
        var bits = Bits(model, new() { Bits = 4, LmHeadBits = 6, Exclude = ["table"] });
        Assert.That(bits.Where(weight => weight.Value == "int6").Select(weight => weight.Key), Is.EqualTo(new[] { "head" }));
    }

    /// <summary>A matrix as wide as a head, but for its Transpose: its rows are the channels.</summary>
    [Test]
    public void Behind_a_Transpose_rows_are_channels()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        // Rows that blocks divide: else a transposed weight has no form of 4 bits.
        var (x, w) = (g.Input("x", DataType.Float, 3, 512), Weight(g, "w", Width, 512));
        g.Output("y", g.Op("MatMul", x, g.Op("Transpose", [w], ("perm", new long[] { 1, 0 }))));

        Assert.That(Bits(g.Build(), new() { Bits = 4, LmHeadBits = 8 })["w"], Is.EqualTo("int4"));
    }

    [Test]
    public void An_option_that_no_weight_follows_is_told()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var kernel = g.Weight("kernel", Tensor.Create([16, 8, 3, 3], Weights.Random(16 * 72)));
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 8, 5, 5), kernel));
        var (none, all) = (new DiagnosticBag(), new DiagnosticBag());
        var pass = new QuantizeWeights(new() { Bits = 4, LmHeadBits = 8, FirstLastBits = 8, EmbeddingBits = 8 });
        PassContexts.Run(g.Build(), none, int.MaxValue, pass);
        PassContexts.Run(Decoder(), all, int.MaxValue, pass);

        Assert.That(none.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EqualTo(new[] { "MO4032", "MO4032", "MO4032" }));
        Assert.That(none.Diagnostics.Select(diagnostic => diagnostic.Message.Split('\'')[1]),
            Is.EqualTo(new[] { "lm-head-bits", "embedding-bits", "first-last-bits" }));
        Assert.That(all.Diagnostics, Is.Empty);
    }

    [TestCase("mse", null, "gptq-damping,activation-order")]
    [TestCase("gptq", null, "")]
    [TestCase("round-to-nearest", 20_000L, "")]
    [TestCase("mse", 20_000L, "gptq-damping,activation-order")]
    public void Options_of_gptq_beside_another_algorithm_are_told(string algorithm, long? budget, string told)
    {
        var (model, diagnostics) = (Decoder(), new DiagnosticBag());
        var options = new QuantizeWeightsOptions
        {
            Algorithm = WeightAlgorithm.Find(algorithm)!, GptqDamping = 0.1, ActivationOrder = false,
            Budget = budget is { } bytes ? new ByteSize(bytes) : null,
        };

        new WeightPolicy(options, model).Report(diagnostics, budget is null ? null : SizeSettings.Algorithms(options, hasData: true));

        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.All.EqualTo("MO4032"));
        Assert.That(string.Join(',', diagnostics.Diagnostics.Select(diagnostic => diagnostic.Message.Split('\'')[1])), Is.EqualTo(told));
    }

    [Test]
    public void Options_of_gptq_under_a_budget_without_data_are_told()
    {
        var diagnostics = new DiagnosticBag();
        var options = new QuantizeWeightsOptions { GptqDamping = 0.1, ActivationOrder = false, Budget = new ByteSize(60_000) };
        PassContexts.Run(Decoder(), diagnostics, int.MaxValue, new QuantizeWeights(options));

        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EqualTo(new[] { "MO4032", "MO4032" }));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Message.Split('\'')[1]), Is.EqualTo(new[] { "gptq-damping", "activation-order" }));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Message), Is.All.Contains("without calibration data"));
    }

    [Test]
    public void A_head_inside_a_branch_is_found()
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, 3, Width);
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("MatMul", x, Weight(then, "head", Width, Words))],
            otherwise => [otherwise.Op("MatMul", otherwise.Op("Neg", x), Weight(otherwise, "other", Width, Words))]).Output());

        Assert.That(Bits(g.Build(), new() { Bits = 4, LmHeadBits = 8 }).Values, Is.EqualTo(new[] { "int8", "int8" }));
    }

    /// <summary>Of layers that no name tells apart any more: 6 per encoder block and 7 per decoder block; what lies outside belongs to the ends.</summary>
    [TestCase("langid-bert", 4, 6)]
    [TestCase("manllama", 6, 7)]
    [TestCase("bert-toy", 5, 6)]
    public void Blocks_of_real_models_are_found(string name, int blocks, int layersOfBlock)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        PassContexts.Run(model, new Simplify(new()));
        var bits = Bits(model, new() { Bits = 4, FirstLastBits = 8, LmHeadBits = 6, EmbeddingBits = 6 });

        Assert.That(bits.Values.Count(type => type == "int4"), Is.EqualTo((blocks - 2) * layersOfBlock));
    }

    [Test]
    public void What_is_stored_in_wider_codes_is_told()
    {
        var diagnostics = new DiagnosticBag();
        PassContexts.Run(Decoder(), diagnostics, int.MaxValue, new QuantizeWeights(new() { Bits = 3, LmHeadBits = 6, Format = WeightFormat.Contrib }));

        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4034"));
        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Contain("weights of 3 bits are stored in 4, weights of 6 bits are stored in 8"));
    }

    [Test]
    public void What_storage_costs_at_every_run_is_told()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 8, 5, 5), g.Weight("kernel", Tensor.Create([16, 8, 3, 3], Weights.Random(16 * 72)))));
        var diagnostics = new DiagnosticBag();
        PassContexts.Run(g.Build(), diagnostics, int.MaxValue, new QuantizeWeights(new() { Storage = true }));

        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4035"));
        Assert.That(diagnostics.Diagnostics.Single().Message, Does.StartWith("1 weights of Conv become floats again at every run, 4.5 KiB each time"));
    }

    /// <summary>The type of codes of each weight that was compressed.</summary>
    private static Dictionary<string, string> Bits(OnnxModel model, QuantizeWeightsOptions options) =>
        PassContexts.Run(model, new QuantizeWeights(options)).Weights.Where(weight => weight.Form is not null)
            .ToDictionary(weight => weight.Weight, weight => weight.Form!.Split(' ')[0]);

    /// <summary>A table of words, three blocks of two layers, and the scores of all words.</summary>
    private static OnnxModel Decoder(bool tied = false, bool withTable = true)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var table = withTable ? Weight(g, "table", Words, Width) : null;
        var x = table is null ? g.Input("x", DataType.Float, 3, Width) : g.Op("Gather", table, g.Input("ids", DataType.Int64, 3));
        for (var block = 0; block < 3; block++)
            x = g.Op("Add", x, g.Op("MatMul", g.Op("Relu", g.Op("MatMul", x, Weight(g, $"up{block}", Width, 2 * Width))), Weight(g, $"down{block}", 2 * Width, Width)));
        var head = tied ? g.Op("Transpose", [table!], ("perm", new long[] { 1, 0 })) : Weight(g, "head", Width, Words);
        g.Output("y", g.Op("MatMul", x, head));
        return g.Build();
    }

    private static Value Weight(GraphBuilder g, string name, int rows, int columns) =>
        g.Weight(name, Tensor.Create([rows, columns], Weights.Random(rows * columns)));
}
