using System.Globalization;
using System.Text;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Profiles;

/// <summary>Writes a first profile for a model: what suits it is switched on, what could be tried stands beside it as a comment.</summary>
public static class ProfileTemplate
{
    /// <summary>A commented profile for the model.</summary>
    /// <param name="model">The model; only looked at.</param>
    /// <param name="modelPath">Its path as the profile should say it: relative to the profile.</param>
    /// <param name="engine">Tells the shapes on which it hangs what is worth quantizing.</param>
    public static string For(OnnxModel model, string modelPath, IInferenceEngine engine)
    {
        var traits = ModelTraits.Of(model, engine);
        return new StringBuilder()
            .Append($"# yaml-language-server: $schema=./{ProfileSchema.FileName}\n")
            .Append(Head(model, traits, modelPath))
            .Append("version: 1\n")
            .Append($"model: {Quote(modelPath)}\n")
            .Append(Calibration(traits))
            .Append(Passes(traits))
            .Append(Evaluate(traits))
            .Append(Budget(traits))
            .Append(Embed())
            .ToString();
    }

    private static string Head(OnnxModel model, ModelTraits traits, string modelPath)
    {
        var text = new StringBuilder("#\n");
        text.Append($"# {Plain(Path.GetFileName(modelPath.Replace('\\', '/')))}: ");
        text.Append($"opset {model.Opset}, {traits.Nodes} {(traits.Nodes == 1 ? "node" : "nodes")}, {traits.Parameters} parameters in {new ByteSize(traits.Bytes)}\n");
        foreach (var input in traits.Inputs)
            text.Append($"#   input  {Plain(input.Name)}: {Type(input.Type)}\n");
        foreach (var output in model.Graph.Outputs)
            text.Append($"#   output {Plain(output.Name)}: {Type(output.Type ?? output.Value.Type)}\n");
        return text.ToString();
    }

    private static string Calibration(ModelTraits traits) => traits.IsQuantized || !traits.Convolves ? "" : """

        # Some dozens of typical inputs, from which quantize-static learns. ModelOptimizer.Recording writes them from a running app.
        # calibration:
        #   data: data/calibration.npz

        """;

    private static string Passes(ModelTraits traits) => $"""

        # What is done, in order. 'dotnet model-opt explain PASS' tells more of each.
        passes:
          # Removes what has no effect, computes what is constant, folds into weights; results stay the same up to float noise.
          - simplify
          # One operator for each formula that exporters spell out. Newer opsets have more of them: see 'explain upgrade-opset'.
          # - fuse
        {string.Concat(Compressions(traits))}
        """;

    private static IEnumerable<string> Compressions(ModelTraits traits)
    {
        if (traits.IsQuantized)
        {
            yield return "  # The model is quantized already: compressing it once more would only add error.\n";
            yield break;
        }
        var matrices = Percent(traits.MatrixShare);
        var suggested = traits.Suggestion;
        if (traits.Task == ModelTask.LanguageModel)
            yield return Entry("Stores an output layer that is the transposed embedding once.", "tie-transposed-weights", isOn: false);
        if (traits.Convolves)
            yield return Entry("8-bit weights and arithmetic for convolutions and products that gain by it. Needs 'calibration' above.",
                "quantize-static", isOn: false);
        if (!traits.Convolves || traits.HasProducts)
            yield return Entry($"8-bit weights and arithmetic for products with constant matrices ({matrices} of the float weights gain by it).",
                "quantize-dynamic", suggested == Compression.DynamicInt8);
        yield return Entry("Smaller still: 4-bit weights, float arithmetic. Needs a look at the metrics below.",
            "quantize-weights: { bits: 4, block-size: 32 }", isOn: false);
        yield return Entry("Half the size at practically no loss: all weights stored as float16.",
            "convert-float16", suggested == Compression.Float16);
    }

    private static string Entry(string comment, string entry, bool isOn) => $"  # {comment}\n  {(isOn ? "" : "# ")}- {entry}\n";

    private static string Evaluate(ModelTraits traits)
    {
        var metrics = traits.Task switch
        {
            ModelTask.Classification => "[top-1, cosine-similarity, sqnr]",
            ModelTask.LanguageModel => "[perplexity, cosine-similarity, sqnr]",
            _ => "[cosine-similarity, sqnr]",
        };
        var truth = traits.Task == ModelTask.Classification ? "the class of each row" : "the next token at each position";
        var labels = traits.Task == ModelTask.Other ? "" : $"#   labels: labels             # the array with {truth}\n";
        var names = string.Join(", ", traits.Inputs.Select(input => Plain(input.Name)));
        return $"""

            # Compares the result with the original on real inputs. The data holds one array per input: {names}.
            # evaluate:
            #   data: data/validation.npz  # or a folder of .npy, ONNX test_data_set_* folders, .jsonl
            {labels}#   metrics: {metrics}

            """;
    }

    private static string Budget(ModelTraits traits)
    {
        var quality = traits.Task switch
        {
            ModelTask.Classification => "#   top-1: { max-drop: 0.5% }  # percentage points",
            ModelTask.LanguageModel => "#   perplexity: { max-rise: 1% }",
            _ => "#   cosine-similarity: 0.99",
        };
        return $"""

            # What the result must keep. A broken limit fails the build, at the line of that limit.
            # budget:
            #   size-ratio: {Percent(traits.ExpectedRatio)}            # of the original's size
            {quality}

            """;
    }

    private static string Embed() => """

        # How a project gets the result: as a resource with a generated class to open it.
        # embed:
        #   as: resource               # or content, or none
        #   compression: brotli
        #   class: MyModel             # by default made from the file's name

        """;

    private static string Percent(double share) => Math.Round(share * 100).ToString(CultureInfo.InvariantCulture) + "%";

    private static string Type(TensorType? type) => type is null ? "no tensor" : Plain(type.ToString());

    private static string Quote(string path) => ProfileYaml.Spell(new ProfileScalar(path.Replace('\\', '/'), false, DefaultTree.Origin));

    /// <summary>Names come from the model: a line break in one would end the comment.</summary>
    private static string Plain(string name) => string.Concat(name.Select(letter => char.IsControl(letter) || letter is '\u2028' or '\u2029' ? '?' : letter));
}
