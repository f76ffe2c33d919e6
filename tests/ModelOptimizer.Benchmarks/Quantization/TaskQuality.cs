using System.Text;
using System.Text.Json;
using ModelOptimizer.Benchmarks.Results;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing.Scores;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>How well a model does its task, where the evaluation data holds the truth in a form that no metric of profiles scores.</summary>
internal static class TaskQuality
{
    /// <summary>What a text detector's scores must exceed.</summary>
    private const float DetectionThreshold = 0.3f;

    /// <summary>In words; null when the data has no such truth.</summary>
    public static string? Measure(ModelData data, OnnxModel model)
    {
        using var archive = new NpzFile(data.Evaluation);
        var truths = archive.Arrays.ToDictionary(array => array.Name);
        if (truths.GetValueOrDefault("text") is { } text)
            return CharacterErrors(data, model, text);
        if (truths.GetValueOrDefault("mask") is { } mask)
            return Overlap(data, model, mask);
        return truths.GetValueOrDefault("speech") is { } speech ? Area(data, model, speech) : null;
    }

    private static string CharacterErrors(ModelData data, OnnxModel model, DataArray text)
    {
        var rate = new CharacterErrorRate(JsonSerializer.Deserialize<string[]>(File.ReadAllText(data.Keys))!);
        foreach (var (scores, truth) in Answers(data, model).Zip(Texts(text)))
            rate.Add(scores.AsSpan<float>(), truth);
        return FormattableString.Invariant($"CER {100 * rate.Result:0.00} %");
    }

    private static string Overlap(ModelData data, OnnxModel model, DataArray mask)
    {
        var overlap = new RegionOverlap(DetectionThreshold);
        using var truths = new RowReader(mask);
        foreach (var scores in Answers(data, model))
            overlap.Add(scores.AsSpan<float>(), truths.Read(1, [1, .. mask.Dimensions.Skip(1)]).AsSpan<byte>());
        return FormattableString.Invariant($"IoU {overlap.Result:0.0000}");
    }

    private static string Area(ModelData data, OnnxModel model, DataArray speech)
    {
        var area = new RocAuc();
        using var truths = new RowReader(speech);
        foreach (var scores in Answers(data, model))
            area.Add(scores.AsSpan<float>()[0], truths.Read(1, [1]).AsSpan<long>()[0] != 0);
        return FormattableString.Invariant($"AUC {area.Result:0.0000}");
    }

    /// <summary>Whether the data is a text detector's.</summary>
    public static bool IsDetector(ModelData data)
    {
        using var archive = new NpzFile(data.Evaluation);
        return archive.Arrays.Any(array => array.Name == "mask");
    }

    /// <summary>What a user would ask to be kept: half a point of top-1, one percent of perplexity, else 25 dB.</summary>
    public static string Goal(ModelData data)
    {
        using var archive = new NpzFile(data.Evaluation);
        var labels = archive.Arrays.FirstOrDefault(array => array.Name == "labels");
        if (labels is { Dimensions.Length: > 1 })
            return "{ metric: perplexity, max-rise: 1% }";
        var hasClasses = OnnxModel.Load(data.Model).Graph.Outputs.Any(output => output.Type?.Shape?.Dimensions is [_, { Value: > 1 }]);
        return labels is not null && hasClasses ? "{ metric: top-1, max-drop: 0.5% }" : "{ metric: sqnr, min: 25 }";
    }

    /// <summary>How much of what a detector finds is what the original finds.</summary>
    public static string DetectionsKept(ModelData data, OnnxModel original, OnnxModel model, int samples)
    {
        var overlap = new RegionOverlap(DetectionThreshold);
        foreach (var (before, after) in Answers(data, original).Zip(Answers(data, model)).Take(samples))
            overlap.Add(after.AsSpan<float>(), Array.ConvertAll(before.AsSpan<float>().ToArray(), score => score > DetectionThreshold ? (byte)1 : (byte)0));
        return FormattableString.Invariant($"IoU {overlap.Result:0.0000}");
    }

    /// <summary>The first output for each sample of the evaluation data.</summary>
    private static IEnumerable<Tensor> Answers(ModelData data, OnnxModel model)
    {
        using var runner = ModelRunner.Open(ModelUnderTest.Engine, model, "result");
        foreach (var sample in new DataSet([data.Evaluation], DataRequest.For(model)).Read())
            yield return runner.Run(sample)[runner.Outputs[0].Name]!;
    }

    /// <summary>NumPy's fixed-length text: 4 bytes a character, zeros behind the last.</summary>
    private static IEnumerable<string> Texts(DataArray array)
    {
        using var stream = array.Open();
        _ = NpyHeader.Read(stream);
        var bytes = new byte[4 * int.Parse(array.Header.Description[2..], System.Globalization.CultureInfo.InvariantCulture)];
        for (var row = 0L; row < array.Length; row++)
        {
            stream.ReadExactly(bytes);
            yield return Encoding.UTF32.GetString(bytes).TrimEnd('\0');
        }
    }
}
