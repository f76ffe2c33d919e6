using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Profiles;

public sealed partial class ProfileTemplateTests
{
    private static IEnumerable<TestCaseData> Models =>
    [
        new TestCaseData(Classifier()).SetArgDisplayNames("classifier"),
        new TestCaseData(Convolution()).SetArgDisplayNames("convolution"),
        new TestCaseData(LanguageModel()).SetArgDisplayNames("language model"),
        new TestCaseData(Quantized()).SetArgDisplayNames("quantized"),
        new TestCaseData(Adder()).SetArgDisplayNames("no weights"),
    ];

    [TestCaseSource(nameof(Models))]
    public void It_reads_without_mistakes(OnnxModel model) => AssertReads(ProfileTemplate.For(model, "Models/model.onnx", PassContexts.Engine), "Models/model.onnx");

    [TestCaseSource(nameof(Models))]
    public void It_still_does_with_every_suggestion_switched_on(OnnxModel model)
    {
        var text = Suggestion().Replace(ProfileTemplate.For(model, "m.onnx", PassContexts.Engine), "$1$2");
        Assert.That(text, Does.Contain("\nevaluate:\n").And.Contain("\nbudget:\n").And.Contain("\n  compression: brotli\n"));
        AssertReads(text, "m.onnx");
    }

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void It_reads_without_mistakes_for_real_models(string path) =>
        AssertReads(ProfileTemplate.For(OnnxModel.Load(path), Path.GetFileName(path), PassContexts.Engine), Path.GetFileName(path));

    [Test]
    public void A_classifier_gets_8_bit_matrices_and_is_scored_by_top_1()
    {
        var text = ProfileTemplate.For(Classifier(), "Models/langid.onnx", PassContexts.Engine);
        Assert.That(text, Does.StartWith("# yaml-language-server: $schema=./model-opt.schema.json\n#\n# langid.onnx: opset 17, 1 node, 200000 parameters in 781.25 KiB\n"
            + "#   input  tokens: float[batch,1000]\n#   output logits: float[batch,200]\nversion: 1\nmodel: Models/langid.onnx\n"));
        Assert.That(text, Does.Contain("\n  - quantize-dynamic\n").And.Contain("\n  # - convert-float16\n"));
        Assert.That(text, Does.Contain("(100% of the float weights gain by it)").And.Contain("#   top-1: { max-drop: 0.5% }").And.Contain("#   size-ratio: 30% "));
    }

    [Test]
    public void Convolutions_get_float16_and_8_bits_once_there_is_data() =>
        Assert.That(ProfileTemplate.For(Convolution(), "m.onnx", PassContexts.Engine), Does.Contain("\n  - convert-float16\n").And.Contain("cosine-similarity: 0.99")
            .And.Contain("\n  # - quantize-static\n").And.Contain("\n# calibration:\n#   data: ").And.Contain("ModelOptimizer.Recording"));

    /// <summary>Small products, even if they have most of the weights, are faster in float: the pass would compress nothing.</summary>
    [TestCase(50, "convert-float16", "quantize-dynamic")]
    [TestCase(2000, "quantize-dynamic", "convert-float16")]
    public void What_is_switched_on_compresses_a_small_image_classifier(int hidden, string on, string off)
    {
        var model = ImageClassifier(hidden);

        var text = ProfileTemplate.For(model, "m.onnx", PassContexts.Engine);

        Assert.That(text, Does.Contain($"\n  - {on}\n").And.Contain("\n  # - quantize-static\n").And.Not.Contain($"\n  - {off}\n"));
        Assert.That(text.Contains("quantize-dynamic", StringComparison.Ordinal), Is.EqualTo(on == "quantize-dynamic"), "it would find nothing");
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()), PassRegistry.Create(on, null));
        Assert.That(log.Rewrites, Is.Not.Empty);
    }

    [Test]
    public void A_language_model_is_scored_by_perplexity() =>
        Assert.That(ProfileTemplate.For(LanguageModel(), "m.onnx", PassContexts.Engine), Does.Contain("perplexity: { max-rise: 1% }").And.Contain("the next token at each position")
            .And.Match(@"\n  # - tie-transposed-weights\n[\s\S]*- quantize-dynamic\n"));

    [Test]
    public void What_is_quantized_is_left_alone() =>
        Assert.That(ProfileTemplate.For(Quantized(), "m.onnx", PassContexts.Engine), Does.Contain("quantized already").And.Not.Contain("quantize-dynamic"));

    [Test]
    public void A_name_with_a_line_break_stays_a_comment()
    {
        var graph = new GraphBuilder();
        graph.Output("y", graph.Op("Relu", graph.Input("x\nbudget: { size: 1 }\n#", DataType.Float, 1)));
        AssertReads(ProfileTemplate.For(graph.Build(), "m.onnx", PassContexts.Engine), "m.onnx");
    }

    [TestCase("My Models/a: b #1.onnx")]
    [TestCase("1")]
    [TestCase("${x}.onnx")]
    [TestCase("it's.onnx")]
    public void A_path_is_quoted_where_YAML_needs_it(string path) => AssertReads(ProfileTemplate.For(Adder(), path, PassContexts.Engine), path);

    [Test]
    public void A_path_of_Windows_works_everywhere() => AssertReads(ProfileTemplate.For(Adder(), @"Models\m.onnx", PassContexts.Engine), "Models/m.onnx");

    private static void AssertReads(string text, string model)
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", text);
        var bag = new DiagnosticBag();
        var profile = ProfileReader.Read(folder["p.yaml"], bag);
        Assert.That(bag.Diagnostics.Select(diagnostic => diagnostic.ToString()), Is.Empty, text);
        Assert.That(profile!.Model, Is.EqualTo(folder[model]));
        Assert.That(profile.Passes[0].Name, Is.EqualTo("simplify"));
    }

    // After the head, a comment without a full stop at its end is a line that can be switched on.
    [GeneratedRegex(@"(?<=^version: 1$[\s\S]*)^( *)# ( *(- )?[a-z0-9-]+(:.*)?(?<!\.))$", RegexOptions.Multiline)]
    private static partial Regex Suggestion();

    private static OnnxModel Classifier()
    {
        var graph = new GraphBuilder();
        var weight = graph.Initializer("weight", [1000, 200], new float[200_000]);
        graph.Output("logits", graph.Op("MatMul", graph.Input("tokens", DataType.Float, "batch", 1000), weight), Float("batch", 200));
        return graph.Build();
    }

    private static OnnxModel Convolution()
    {
        var graph = new GraphBuilder();
        var weight = graph.Initializer("weight", [8, 3, 3, 3], new float[216]);
        graph.Output("image", graph.Op("Conv", graph.Input("x", DataType.Float, 1, 3, 8, 8), weight), Float(1, 8, 6, 6));
        return graph.Build();
    }

    private static OnnxModel ImageClassifier(int hidden)
    {
        var graph = new GraphBuilder();
        var filters = graph.Initializer("filters", [8, 1, 3, 3], Weights.Random(72));
        var image = graph.Op("Flatten", graph.Op("Conv", graph.Input("x", DataType.Float, 1, 1, 8, 8), filters));
        var features = graph.Op("Relu", graph.Op("MatMul", image, graph.Initializer("w1", [288, hidden], Weights.Random(288 * hidden))));
        var (weight, bias) = (graph.Initializer("w2", [hidden, 10], Weights.Random(hidden * 10)), graph.Initializer("b2", [10], Weights.Random(10)));
        graph.Output("y", graph.Op("Gemm", features, weight, bias), Float(1, 10));
        return graph.Build();
    }

    private static OnnxModel LanguageModel()
    {
        var graph = new GraphBuilder();
        var weight = graph.Initializer("head", [4, 1000], new float[4000]);
        graph.Output("logits", graph.Op("MatMul", graph.Input("hidden", DataType.Float, "batch", "sequence", 4), weight), Float("batch", "sequence", 1000));
        return graph.Build();
    }

    private static OnnxModel Quantized()
    {
        var graph = new GraphBuilder();
        var scale = graph.Initializer("scale", [], 0.5f);
        graph.Output("y", graph.Op("DequantizeLinear", graph.Input("x", DataType.UInt8, 2), scale), Float(2));
        return graph.Build();
    }

    private static OnnxModel Adder()
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", DataType.Float, 2);
        graph.Output("y", graph.Op("Add", x, x), Float(2));
        return graph.Build();
    }

    private static TensorType Float(params Dimension[] dimensions) => new(DataType.Float, new Shape([.. dimensions]));
}
