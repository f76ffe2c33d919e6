using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// How far the outputs of a changed model are from those of the model itself on calibration data, without labels: noise over signal, output by
/// output. Outputs of whole numbers, such as generated tokens, don't count: they are right or wrong, and how nearly is not
/// seen. Every other sample helps to decide, the rest judges; where there is one only, it does both.
/// </summary>
internal sealed class OutputMeter
{
    private const int MaxSamples = 64;

    /// <summary>More would not change what single weights are found to do.</summary>
    private const int MaxDeciding = 16;

    /// <summary>Elements of outputs, from as many samples, that are enough to find it.</summary>
    private const int EnoughElements = 1 << 20;

    /// <summary>Bytes of inputs and outputs that are kept.</summary>
    private const long Ceiling = 256L << 20;

    private readonly IInferenceEngine _engine;
    private readonly CalibrationData _data;

    public OutputMeter(IInferenceEngine engine, OnnxModel model, CalibrationData data)
    {
        (_engine, _data) = (engine, data);
        var references = References(model);
        Deciding = Enough([.. references.Where((_, i) => i % 2 == 0)]);
        Judging = references.Count > 1 ? [.. references.Where((_, i) => i % 2 == 1)] : Deciding;
    }

    public IReadOnlyList<Reference> Deciding { get; }

    public IReadOnlyList<Reference> Judging { get; }

    /// <summary>Whether there is an output that tells how near others come to it.</summary>
    public bool IsTelling => Deciding.Any(reference => reference.Outputs.Values.Any(output => output?.ElementType.IsFloatingPoint() == true));

    /// <returns>By output: noise over signal, infinite where numbers are not finite.</returns>
    public IReadOnlyDictionary<string, double> Measure(OnnxModel candidate, IReadOnlyList<Reference> on)
    {
        var sums = new SortedDictionary<string, (double Signal, double Noise)>(StringComparer.Ordinal);
        using var runner = ModelRunner.Open(_engine, candidate, "result");
        foreach (var chunk in on.Chunk(Cores.Count))
        {
            _data.Cancellation.ThrowIfCancellationRequested();
            var answers = new IReadOnlyDictionary<string, Tensor?>[chunk.Length];
            SideBySide.For(chunk.Length, i => answers[i] = runner.Run(chunk[i].Sample));
            // In order of samples: the same sums on any number of cores.
            foreach (var (reference, answer) in chunk.Zip(answers))
                Add(sums, reference.Outputs, answer);
        }
        return sums.ToDictionary(pair => pair.Key, pair => pair.Value.Noise == 0 ? 0 : pair.Value.Noise / pair.Value.Signal);
    }

    private static void Add(
        SortedDictionary<string, (double Signal, double Noise)> sums,
        IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual)
    {
        foreach (var (name, x) in expected)
            if (x is not null && x.ElementType.IsFloatingPoint() && OutputElements.CanRead(x.ElementType))
            {
                var (sum, one) = (sums.GetValueOrDefault(name), Compare(x, actual.GetValueOrDefault(name)));
                sums[name] = (sum.Signal + one.Signal, sum.Noise + one.Noise);
            }
    }

    private List<Reference> References(OnnxModel model)
    {
        var (references, bytes) = (new List<Reference>(), 0L);
        using var runner = ModelRunner.Open(_engine, model, "original");
        foreach (var sample in _data.Samples(model, MaxSamples))
        {
            _data.Cancellation.ThrowIfCancellationRequested();
            references.Add(new Reference(sample, runner.Run(sample)));
            if ((bytes += references[^1].Bytes) > Ceiling)
                break;
        }
        return references;
    }

    private static IReadOnlyList<Reference> Enough(IReadOnlyList<Reference> references)
    {
        var (count, elements) = (0, 0L);
        while (count < Math.Min(references.Count, MaxDeciding) && elements < EnoughElements)
            elements += references[count++].Outputs.Values.Sum(output => output?.ElementCount ?? 0);
        return [.. references.Take(count)];
    }

    private static (double Signal, double Noise) Compare(Tensor expected, Tensor? actual)
    {
        if (actual is null || actual.ElementType != expected.ElementType || !actual.Dimensions.SequenceEqual(expected.Dimensions))
            return (0, double.PositiveInfinity);
        var sums = RowSums.Of(expected, actual, 0, expected.ElementCount);
        return (sums.XX, sums.NonFinite > 0 ? double.PositiveInfinity : sums.SquaredError);
    }
}
