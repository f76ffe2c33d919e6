using System.Globalization;
using System.Numerics.Tensors;
using System.Text;

namespace LanguageDetector;

/// <summary>Tells the language of a text with the model that the build optimized and embedded.</summary>
internal sealed class Detector : IDisposable
{
    private readonly LanguageModel.Runner _model = new();
    private readonly string[] _languages;
    private readonly int _maxBytes;

    public Detector()
    {
        var metadata = _model.Session.ModelMetadata.CustomMetadataMap;
        _languages = metadata["languages"].Split(' ', ',');
        _maxBytes = int.Parse(metadata["max_bytes"], CultureInfo.InvariantCulture);
    }

    /// <summary>All languages the model knows, the likeliest first.</summary>
    public IEnumerable<(string Language, float Probability)> Detect(string text)
    {
        var ids = Encode(text);
        using var result = _model.Run(ids, batch: 1, length: ids.Length);
        var probabilities = new float[_languages.Length];
        TensorPrimitives.SoftMax(result.Logits, probabilities);
        return _languages.Zip(probabilities).OrderByDescending(pair => pair.Second);
    }

    public void Dispose() => _model.Dispose();

    /// <summary>The model reads UTF-8 bytes, each plus one: zero is its padding.</summary>
    private long[] Encode(string text) =>
        [.. Encoding.UTF8.GetBytes(text.Normalize(NormalizationForm.FormC)).Take(_maxBytes).Select(value => value + 1L)];
}
