using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using Microsoft.ML.OnnxRuntime;

namespace LanguageDetector;

/// <summary>Tells the language of a text with the model that the build optimized and embedded.</summary>
internal sealed class Detector : IDisposable
{
    private readonly InferenceSession _session = LanguageModel.CreateSession();
    private readonly string[] _languages;
    private readonly int _maxBytes;

    public Detector()
    {
        var metadata = _session.ModelMetadata.CustomMetadataMap;
        _languages = metadata["languages"].Split(' ', ',');
        _maxBytes = int.Parse(metadata["max_bytes"], CultureInfo.InvariantCulture);
    }

    /// <summary>All languages the model knows, the likeliest first.</summary>
    public IEnumerable<(string Language, float Probability)> Detect(string text)
    {
        var ids = Encode(text);
        using var input = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]);
        using var run = new RunOptions();
        using var outputs = _session.Run(run, [LanguageModel.Inputs.InputIds.Name], [input], [LanguageModel.Outputs.Logits.Name]);
        var probabilities = new float[_languages.Length];
        TensorPrimitives.SoftMax(outputs[0].GetTensorDataAsSpan<float>(), probabilities);
        return _languages.Zip(probabilities).OrderByDescending(pair => pair.Second);
    }

    public void Dispose() => _session.Dispose();

    /// <summary>The model reads UTF-8 bytes, each plus one: zero is its padding.</summary>
    private long[] Encode(string text) =>
        [.. Encoding.UTF8.GetBytes(text.Normalize(NormalizationForm.FormC)).Take(_maxBytes).Select(value => value + 1L)];
}
