using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Takes a quarter of the neurons and heads out of a generated Transformer, BERT-base with 20,000 words, and fits what reads them anew on 512 rows of
/// calibration data, 8 texts of 64 tokens; in a process of its own, leaving nothing behind.
/// </summary>
internal static class PruneLargeRun
{
    private const int Samples = 8;
    private const int Tokens = 64;

    private static readonly BertSize s_size = new(Layers: 12, Heads: 12, Size: 64) { Words = 20_000 };

    public static int Measure(bool isInline)
    {
        var folder = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            var path = Path.Combine(folder.FullName, "large.onnx");
            var model = BertFixture.Build(opset: 17, s_size);
            ModelWriter.Save(model, path, new SaveOptions { ExternalData = isInline ? ExternalDataMode.Never : ExternalDataMode.Always });
            WriteData(Path.Combine(folder.FullName, "calibration.npz"));
            var profile = Path.Combine(folder.FullName, "profile.yaml");
            File.WriteAllText(profile, $"""
                version: 1
                calibration: {"{ data: calibration.npz }"}
                passes: [simplify, fuse, prune-hidden: 25%, prune-heads: 25%]
                """);
            var parameters = model.Graph.Initializers.Sum(weight => weight.Initializer!.ElementCount);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{parameters / 1e6:0.0} million parameters, {Samples * Tokens} calibration rows"));
            return LargeRun.Optimize(path, ["profile", profile]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void WriteData(string path)
    {
        var random = new Random(1);
        int[] shape = [Samples, Tokens];
        var words = Enumerable.Range(0, Samples * Tokens).Select(_ => random.NextInt64(s_size.Words)).ToArray();
        Npz.Write(path, ("input_ids", words, shape), ("token_type_ids", new long[words.Length], shape),
            ("attention_mask", Enumerable.Repeat(1L, words.Length).ToArray(), shape));
    }
}
