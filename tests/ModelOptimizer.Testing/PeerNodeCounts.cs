namespace ModelOptimizer.Testing;

/// <summary>
/// The nodes that the best of three known simplifiers leaves in each shared model, bodies included, Constant nodes not counted: OnnxSlim
/// 0.1.96, onnxoptimizer 1.5 and ONNX Runtime's own basic optimization, each run on the model as it is.
/// </summary>
public static class PeerNodeCounts
{
    /// <summary>The smallest of the three counts, by the model's file name without extension.</summary>
    public static IReadOnlyDictionary<string, int> Best { get; } = new SortedDictionary<string, int>(StringComparer.Ordinal)
    {
        ["bert-toy"] = 242,
        ["gpt2-greedy-toy"] = 97,
        ["gpt2-past-toy"] = 871,
        ["langid-bert"] = 254,
        ["manllama"] = 450,
        ["mlsd-tiny"] = 97,
        ["mnist-cntk"] = 8,
        ["mnist-pytorch"] = 12,
        ["ocr-cls"] = 179,
        ["ocr-det"] = 326,
        ["ocr-det-external"] = 326,
        ["ocr-rec"] = 393,
        ["silero-legacy"] = 160,
        ["silero-v5"] = 152,
    };
}
