using ModelOptimizer.Diagnosis;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Mixed;

namespace ModelOptimizer.Tests.Diagnosis;

/// <summary>Each loss has one cause that was planted.</summary>
public sealed class DiagnoserTests
{
    private const int Width = PlantedModel.Width;

    [Test]
    public void A_weight_that_can_not_be_quantized_is_found_among_others()
    {
        var original = PlantedModel.Chain(6, [3]);
        var diagnosis = Diagnose(original, Passed(original, new QuantizeDynamic(new QuantizeDynamicOptions { Prefer = Preference.Size })));

        Assert.That(diagnosis.Losses[0], Is.EqualTo(diagnosis.Losses.Single()));
        Assert.That((diagnosis.Losses[0].Node, diagnosis.Losses[0].Cause), Is.EqualTo(("MatMul 'product3'", LossCause.CoarseWeightScale)));
        Assert.That(diagnosis.Losses[0].Why, Does.StartWith("few weights of 'w3' are "));
        Assert.That(diagnosis.Losses[0].Mend, Is.EqualTo(new[] { "- quantize-dynamic: { exclude: [\"product3\"] }" }));
        Assert.That(diagnosis.Losses[0].SqnrBefore, Is.GreaterThan(30));
        Assert.That(diagnosis.Losses[0].SqnrAfter, Is.LessThan(10));
    }

    [Test]
    public void Blocks_are_advised_where_weights_share_a_scale()
    {
        var original = PlantedModel.Chain(3, [1]);
        var loss = Diagnose(original, Passed(original, new QuantizeWeights(new QuantizeWeightsOptions()))).Losses.Single();

        Assert.That((loss.Node, loss.Cause), Is.EqualTo(("MatMul 'product1'", LossCause.CoarseWeightScale)));
        Assert.That(loss.Mend[0], Is.EqualTo("- quantize-weights: { block-size: 32 }"));
    }

    [Test]
    public void Two_bits_are_few()
    {
        var original = PlantedModel.Chain(2, []);
        var losses = Diagnose(original, Passed(original, new QuantizeWeights(new QuantizeWeightsOptions { Bits = 2, Format = WeightFormat.Contrib }))).Losses;

        Assert.That(losses.Select(loss => loss.Cause), Is.EqualTo(new[] { LossCause.FewWeightBits, LossCause.FewWeightBits }));
        Assert.That(losses[0].Why, Does.StartWith("2 bits are too coarse for weight 'w0'"));
        Assert.That(losses[0].Mend, Does.Contain("- quantize-weights: { bits: 8 }"));
    }

    [TestCase(2, 17, "bits: 8")]
    [TestCase(3, 17, "bits: 8")]
    [TestCase(2, 25, "bits: 8")]
    public void Small_tables_are_told_of(int bits, int opset, string mend)
    {
        var original = PlantedModel.Chain(2, []);
        if (opset > original.Opset)
            PassContexts.Run(original, new UpgradeOpset(new UpgradeOpsetOptions { Version = opset }));
        var loss = Diagnose(original, Passed(original, new Palettize(new PalettizeOptions { Bits = bits }))).Losses[0];

        Assert.That((loss.Node, loss.Cause), Is.EqualTo(("MatMul 'product0'", LossCause.FewWeightBits)));
        Assert.That(loss.Why, Does.StartWith($"{bits} bits are too coarse for weight 'w0'"));
        Assert.That(loss.Mend, Is.EqualTo(new[]
        {
            $"- palettize: {{ {mend} }}", "- palettize: { group-size: 16 }", "- palettize: { exclude: [\"product0\"] }",
        }));
    }

    [Test]
    public void One_scale_for_unequal_channels_asks_for_one_each()
    {
        var weight = PlantedModel.Weight(0, []).AsSpan<float>().ToArray();
        for (var i = 0; i < Width; i++)
            weight[i * Width + 5] *= 500;
        var original = Product(g => g.Initializer("w", [Width, Width], weight));
        var candidate = Product(g => PerTensor(g, weight));

        var loss = Diagnose(original, candidate).Losses.Single();

        Assert.That(loss.Cause, Is.EqualTo(LossCause.CoarseWeightScale));
        Assert.That(loss.Why, Does.StartWith("one scale serves all 48 channels of weight 'w', and channel 5 reaches "));
        Assert.That(loss.Mend, Is.EqualTo(new[] { "- quantize-weights: { per-channel: true }" }));
    }

    [Test]
    public void A_mask_in_scores_is_named_where_it_is_added()
    {
        var (original, candidate) = (Attention(null), Attention((40, 250)));

        var loss = Diagnose(original, candidate).Losses[0];

        Assert.That((loss.Node, loss.Cause), Is.EqualTo(("Add 'mask'", LossCause.MaskConstant)));
        Assert.That(loss.Why, Does.StartWith("a mask of -1E+04 stretches the range"));
        Assert.That(loss.Mend[0], Does.StartWith("- clamp-constants: "));
        Assert.That(loss.Mend[1], Is.EqualTo("- quantize-static: { exclude: [\"mask\"] }"));
    }

    /// <summary>Nothing is masked where no Softmax follows: numbers of −5000 that are cut off at −64 are a loss.</summary>
    [Test]
    public void Large_negative_numbers_that_are_cut_off_are_a_loss()
    {
        var (original, candidate) = (Negative(null), Negative(0.5f));

        var diagnosis = Diagnose(original, candidate);

        Assert.That((diagnosis.AreBig, diagnosis.Losses[0].Value, diagnosis.Losses[0].Cause), Is.EqualTo((true, "h", LossCause.ClippedRange)));
    }

    [TestCase(0.02f, LossCause.OutlierChannel, "channel 7 of axis 1 reaches ", "exclude: [\"tanh\"]", 100)]
    [TestCase(0.0005f, LossCause.ClippedRange, "% of the numbers lie outside of [-0.064, 0.0635]", "calibrator: min-max", 1)]
    [TestCase(0.4f, LossCause.WideRange, "[-51.2, 50.8] can be represented, but numbers only reach from ", "calibrator: percentile", 1)]
    public void Activations_tell_what_is_wrong_with_their_range(float scale, LossCause cause, string why, string mend, float outlier)
    {
        var (original, candidate) = (Activation(null, outlier), Activation(scale * outlier / (outlier > 1 ? 2 : 1), outlier));

        var loss = Diagnose(original, candidate).Losses[0];

        Assert.That((loss.Value, loss.Cause), Is.EqualTo(("h", cause)));
        Assert.That(loss.Why, Does.Contain(why));
        Assert.That(string.Join("\n", loss.Mend), Does.Contain(mend));
    }

    [Test]
    public void What_exceeds_float16_is_told_apart_from_noise()
    {
        var (original, candidate) = (Large(half: false), Large(half: true));

        var loss = Diagnose(original, candidate).Losses[0];

        Assert.That((loss.Value, loss.Cause, loss.SqnrAfter), Is.EqualTo(("h", LossCause.Overflow, double.NegativeInfinity)));
        Assert.That(loss.Mend.Single(), Does.StartWith("- convert-float16: { exclude"));
    }

    [Test]
    public void Codes_under_names_of_other_tools_are_read()
    {
        var weight = PlantedModel.Weight(0, []).AsSpan<float>().ToArray();

        var diagnosis = Diagnose(Product(g => g.Initializer("w", [Width, Width], weight)), QOperator(weight));

        Assert.That(diagnosis.Compared.Select(value => (value.Value, value.Candidate, value.Match)), Has.Member(("h", "h_quantized", MatchKind.DerivedName)));
        Assert.That(diagnosis.Compared.Single(value => value.Value == "h").Sqnr, Is.InRange(25, 60));
    }

    [Test]
    public void Without_names_products_are_matched_by_their_order()
    {
        var original = PlantedModel.Chain(4, []);
        var candidate = PlantedModel.Chain(4, [], named: false);
        foreach (var (value, i) in candidate.Graph.MadeValues.Select((value, i) => (value, i)))
            value.Name = value.IsGraphOutput ? value.Name : $"other{i}";

        var diagnosis = Diagnose(original, candidate);

        Assert.That(diagnosis.Compared.Count(value => value.Match == MatchKind.Position), Is.EqualTo(4));
        Assert.That(diagnosis.Compared.Select(value => value.Sqnr), Is.All.EqualTo(double.PositiveInfinity));
        Assert.That((diagnosis.AreBig, diagnosis.Losses.Count, diagnosis.Samples), Is.EqualTo((false, 0, 16)));
    }

    [Test]
    public void What_went_into_weights_is_compared_behind_it()
    {
        var (original, candidate) = (Scaled(folded: false), Scaled(folded: true));

        var diagnosis = Diagnose(original, candidate);

        Assert.That(diagnosis.Compared.Select(value => (value.Value, value.Candidate)), Is.EqualTo(new[] { ("scaled", "h"), ("y", "y") }));
        Assert.That(diagnosis.Compared.Select(value => value.Sqnr), Is.All.GreaterThan(100));
    }

    [Test]
    public void Rounding_that_clamps_stands_for_the_Relu_that_is_gone()
    {
        var (original, candidate) = (Clamped(rounded: false), Clamped(rounded: true));

        var diagnosis = Diagnose(original, candidate);

        Assert.That(diagnosis.Compared.Select(value => (value.Value, value.Candidate)), Has.Member(("h", "h")).And.Member(("clamped", "h_DequantizeLinear_Output")));
        Assert.That((diagnosis.AreBig, diagnosis.Losses.Single().Node), Is.EqualTo((false, "Relu 'clamp'")));
    }

    /// <summary>Who moves a factor past a value may leave it its name, though it is six times as large from then on.</summary>
    [TestCase("Mul", 6f)]
    [TestCase("Add", 3f)]
    public void A_value_of_the_same_name_and_another_quantity_is_no_loss(string op, float number)
    {
        var (original, candidate) = (Moved(op, number, before: false), Moved(op, number, before: true));

        var diagnosis = Diagnose(original, candidate);

        Assert.That((diagnosis.AreBig, diagnosis.Others), Is.EqualTo((false, 1)));
        Assert.That(diagnosis.Compared.Select(value => value.Value), Is.EqualTo(new[] { "moved", "y" }));
        Assert.That(diagnosis.Losses.Select(loss => loss.Value), Has.None.EqualTo("h"));
    }

    [Test]
    public void A_product_without_the_bias_is_not_the_one_with_it()
    {
        var (original, candidate) = (Biased(apart: false), Biased(apart: true));

        var diagnosis = Diagnose(original, candidate);

        Assert.That(diagnosis.Compared.Select(value => (value.Value, value.Candidate)), Is.EqualTo(new[] { ("h", "sum"), ("y", "y") }));
        Assert.That(diagnosis.Compared.Select(value => value.Sqnr), Is.All.GreaterThan(100));
    }

    /// <summary>Its noise drowns in what it is added to, and is a loss all the same.</summary>
    [Test]
    public void A_noisy_branch_beside_a_strong_one_is_found()
    {
        var weight = PlantedModel.Weight(0, [5]).AsSpan<float>().ToArray();
        var (original, candidate) = (Branch(g => g.Initializer("w", [Width, Width], weight)), Branch(g => PerTensor(g, weight)));

        var diagnosis = Diagnose(original, candidate);

        Assert.That((diagnosis.Losses[0].Node, diagnosis.Others), Is.EqualTo(("MatMul 'product'", 0)));
        Assert.That(diagnosis.Compared.Single(value => value.Value == "sum").Sqnr, Is.GreaterThan(diagnosis.Losses[0].SqnrAfter + 15));
    }

    /// <summary>Nothing is quantized where weights are cut out, but what that costs reaches the output.</summary>
    [Test]
    public void Weights_that_were_cut_out_are_a_loss()
    {
        var weight = PlantedModel.Weight(0, []).AsSpan<float>().ToArray();
        var pruned = weight.Select((w, i) => i % 3 == 0 ? 0 : w).ToArray();

        var diagnosis = Diagnose(Product(g => g.Initializer("w", [Width, Width], weight)), Product(g => g.Initializer("w", [Width, Width], pruned)));

        Assert.That((diagnosis.AreBig, diagnosis.Losses[0].Value, diagnosis.Others), Is.EqualTo((true, "h", 0)));
    }

    [Test]
    public void Models_without_anything_in_common_are_an_error()
    {
        var other = new GraphBuilder();
        other.Output("y", other.Op("Abs", other.Op("Neg", other.Input("x", DataType.Float, Dimension.Unknown, Width))));

        var mistake = Assert.Throws<DiagnosticException>(() => Diagnose(PlantedModel.Chain(2, []), Renamed(other.Build())))!;

        Assert.That(mistake.Diagnostics.Single().Descriptor, Is.EqualTo(DiagnosticCatalog.NothingToCompare));
    }

    private static ModelDiagnosis Diagnose(OnnxModel original, OnnxModel candidate)
    {
        using var folder = new DataFolder();
        return new Diagnoser(PassContexts.Engine).Run(original, candidate, new DiagnosisRequest([PlantedModel.WriteData(folder)]));
    }

    private static OnnxModel Passed(OnnxModel original, IGraphPass pass)
    {
        var candidate = original.Clone();
        PassContexts.Run(candidate, pass);
        return candidate;
    }

    private static OnnxModel Renamed(OnnxModel model)
    {
        foreach (var (value, i) in model.Graph.MadeValues.Select((value, i) => (value, i)))
            value.Name = $"other{i}";
        return model;
    }

    private static OnnxModel Product(Func<GraphBuilder, Value> weight)
    {
        var g = new GraphBuilder();
        var product = PlantedModel.Product(g, g.Input("x", DataType.Float, Dimension.Unknown, Width), weight(g), "product");
        product.Name = "h";
        g.Output("y", g.Op("Tanh", product));
        return g.Build();
    }

    private static (Tensor Codes, float Scale) Codes(float[] weight)
    {
        var scale = weight.Max(Math.Abs) / 127;
        return (Tensor.Create(DataType.Int8, [Width, Width], Array.ConvertAll(weight, w => (sbyte)MathF.Round(w / scale))), scale);
    }

    private static Value PerTensor(GraphBuilder g, float[] weight)
    {
        var (codes, scale) = Codes(weight);
        return g.Op("DequantizeLinear", g.Initializer("w_q", codes), g.Initializer("w_s", [], scale));
    }

    /// <summary>Attention of x to itself, whose second half is masked; quantized behind the mask when a scale is given.</summary>
    private static OnnxModel Attention((float Scale, byte Zero)? quantizer)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Width);
        var scores = PlantedModel.Product(g, x, g.Initializer("w", PlantedModel.Weight(0, [])), "scores");
        var mask = g.Initializer("bias", [Width], [.. Enumerable.Range(0, Width).Select(i => i < Width / 2 ? 0f : -10000f)]);
        var node = g.Node("Add", [scores, mask]);
        node.Name = "mask";
        node.Output().Name = "masked";
        var read = quantizer is var (scale, zero) ? Rounded(g, node.Output(), scale, zero) : node.Output();
        g.Output("y", g.Op("Softmax", read));
        return g.Build();
    }

    private static Value Rounded(GraphBuilder g, Value value, float scale, byte zero)
    {
        var (step, origin) = (g.Initializer(value.Name + "_scale", [], scale), g.Initializer(value.Name + "_zero_point", Tensor.Create(DataType.UInt8, [], new[] { zero })));
        var codes = g.Op("QuantizeLinear", value, step, origin);
        codes.Name = value.Name + "_QuantizeLinear_Output";
        var floats = g.Op("DequantizeLinear", codes, step, origin);
        floats.Name = value.Name + "_DequantizeLinear_Output";
        return floats;
    }

    private static OnnxModel Activation(float? scale, float outlier)
    {
        var g = new GraphBuilder();
        var node = g.Node("Mul", [g.Input("x", DataType.Float, Dimension.Unknown, Width), g.Initializer("factor", [Width], [.. Enumerable.Range(0, Width).Select(i => i == 7 ? outlier : 1)])]);
        node.Name = "tanh";
        node.Output().Name = "h";
        var read = scale is { } step ? Rounded(g, node.Output(), step, 128) : node.Output();
        g.Output("y", PlantedModel.Product(g, read, g.Initializer("w", PlantedModel.Weight(0, [])), "product"));
        return g.Build();
    }

    /// <summary>Numbers below zero, of which one channel is far below.</summary>
    private static OnnxModel Negative(float? scale)
    {
        var g = new GraphBuilder();
        var size = g.Op("Abs", g.Input("x", DataType.Float, Dimension.Unknown, Width));
        var node = g.Node("Mul", [size, g.Initializer("factor", [Width], [.. Enumerable.Range(0, Width).Select(i => i == 7 ? -1e6f : -1)])]);
        node.Name = "negative";
        node.Output().Name = "h";
        var read = scale is { } step ? Rounded(g, node.Output(), step, 128) : node.Output();
        g.Output("y", PlantedModel.Product(g, read, g.Initializer("w", PlantedModel.Weight(0, [])), "product"));
        return g.Build();
    }

    private static OnnxModel Large(bool half)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Width);
        var large = g.Op("Mul", x, g.Initializer("factor", [], 240000));
        if (half)
            large = g.Op("Cast", [g.Op("Cast", [large], ("to", (long)DataType.Float16))], ("to", (long)DataType.Float));
        large.Name = "h";
        large.Producer!.Name = "large";
        g.Output("y", g.Op("Tanh", large));
        return g.Build();
    }

    /// <summary>A product times 3: in a node of its own, or in its weights.</summary>
    private static OnnxModel Scaled(bool folded)
    {
        var g = new GraphBuilder();
        var weight = PlantedModel.Weight(0, []).AsSpan<float>().ToArray();
        var product = PlantedModel.Product(g, g.Input("x", DataType.Float, Dimension.Unknown, Width),
            g.Initializer("w", [Width, Width], folded ? Array.ConvertAll(weight, w => 3 * w) : weight), "product");
        product.Name = "h";
        var result = folded ? product : g.Op("Mul", product, g.Initializer("three", [], 3));
        result.Name = folded ? "h" : "scaled";
        g.Output("y", g.Op("Tanh", result));
        result.Uses[0].User.Output().Name = "y";
        return g.Build();
    }

    /// <summary>A product and a number to it, before or behind the value that bears the name h.</summary>
    private static OnnxModel Moved(string op, float number, bool before)
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", DataType.Float, Dimension.Unknown, Width), g.Initializer("w", PlantedModel.Weight(0, [])));
        var product = PlantedModel.Product(g, x, w, "product");
        var first = before ? g.Op(op, product, g.Initializer("n", [1], number)) : product;
        var second = before ? g.Op("Identity", first) : g.Op(op, first, g.Initializer("n", [1], number));
        (first.Name, second.Name) = ("h", "moved");
        var y = g.Op("Tanh", second);
        y.Name = "y";
        g.Output("y", y);
        return g.Build();
    }

    /// <summary>A Gemm, or a MatMul of its name with the bias in a node of its own.</summary>
    private static OnnxModel Biased(bool apart)
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", DataType.Float, Dimension.Unknown, Width), g.Initializer("w", PlantedModel.Weight(0, [])));
        var b = g.Initializer("b", [Width], [.. Enumerable.Range(0, Width).Select(i => i / 10f)]);
        var product = apart ? g.Op("MatMul", x, w) : g.Op("Gemm", x, w, b);
        product.Producer!.Name = "dense";
        product.Name = apart ? "bare" : "h";
        var result = apart ? g.Op("Add", product, b) : product;
        result.Name = apart ? "sum" : "h";
        var y = g.Op("Tanh", result);
        y.Name = "y";
        g.Output("y", y);
        return g.Build();
    }

    /// <summary>A product, added to a hundred times its input.</summary>
    private static OnnxModel Branch(Func<GraphBuilder, Value> weight)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Width);
        var product = PlantedModel.Product(g, x, weight(g), "product");
        product.Name = "h";
        var sum = g.Op("Add", product, g.Op("Mul", x, g.Initializer("hundred", [], 100)));
        sum.Name = "sum";
        g.Output("y", g.Op("Abs", sum));
        return g.Build();
    }

    /// <summary>A Relu: as such, or done by codes that start at zero.</summary>
    private static OnnxModel Clamped(bool rounded)
    {
        var g = new GraphBuilder();
        var product = PlantedModel.Product(g, g.Input("x", DataType.Float, Dimension.Unknown, Width), g.Initializer("w", PlantedModel.Weight(0, [])), "product");
        product.Name = "h";
        var result = rounded ? Rounded(g, product, 2 / 255f, 0) : g.Op("Relu", product);
        result.Name = rounded ? result.Name : "clamped";
        if (!rounded)
            result.Producer!.Name = "clamp";
        g.Output("y", g.Op("Tanh", result));
        return g.Build();
    }

    /// <summary>QLinearMatMul with the names that ONNX Runtime's Python tool gives.</summary>
    private static OnnxModel QOperator(float[] weight)
    {
        var g = new GraphBuilder();
        var (codes, scale) = Codes(weight);
        Value step = g.Initializer("x_scale", [], 1 / 255f), zero = g.Initializer("x_zero_point", Tensor.Create(DataType.UInt8, [], new byte[] { 128 }));
        Value outStep = g.Initializer("h_scale", [], 1 / 100f), outZero = g.Initializer("h_zero_point", Tensor.Create(DataType.UInt8, [], new byte[] { 128 }));
        var x = g.Op("QuantizeLinear", g.Input("x", DataType.Float, Dimension.Unknown, Width), step, zero);
        var weightZero = g.Initializer("w_zero_point", Tensor.Create(DataType.Int8, [], new sbyte[] { 0 }));
        var product = g.Node("QLinearMatMul", [x, step, zero, g.Initializer("w_quantized", codes), g.Initializer("w_scale", [], scale), weightZero, outStep, outZero]);
        product.Name = "product_quant";
        product.Output().Name = "h_quantized";
        var floats = g.Op("DequantizeLinear", product.Output(), outStep, outZero);
        g.Output("y", g.Op("Tanh", floats));
        return g.Build();
    }
}
