using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// How far the outputs of a changed model are from those of the model itself on calibration data, without labels: noise over signal, output by
/// output. Outputs of whole numbers, such as generated tokens, don't count: they are right or wrong, and how nearly is not seen.
/// </summary>
internal sealed class OutputMeter
{
    private const int MaxJudging = 48;

    /// <summary>More would not change what single weights are found to do.</summary>
    private const int MaxDeciding = 16;

    /// <summary>Elements of outputs, from as many samples, that are enough to find it.</summary>
    private const int EnoughElements = 1 << 20;

    /// <summary>Bytes of inputs and outputs that are kept of either part.</summary>
    private const long Ceiling = 128L << 20;

    private readonly IInferenceEngine _engine;
    private readonly CalibrationData _data;

    public OutputMeter(IInferenceEngine engine, OnnxModel model, SampleSplit samples)
    {
        (_engine, _data) = (engine, samples.Learning);
        using var runner = ModelRunner.Open(_engine, model, "original");
        Deciding = References(runner, samples.Deciding(MaxDeciding), EnoughElements);
        Judging = References(runner, samples.Judging(MaxJudging), long.MaxValue);
    }

    /// <summary>Outputs that choices are weighed by.</summary>
    public IReadOnlyList<Reference> Deciding { get; }

    /// <summary>Outputs that answers are held against each other by.</summary>
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

    private List<Reference> References(ModelRunner runner, IEnumerable<Sample> samples, long enough)
    {
        var (references, bytes, elements) = (new List<Reference>(), 0L, 0L);
        foreach (var sample in samples)
        {
            _data.Cancellation.ThrowIfCancellationRequested();
            references.Add(new Reference(sample, runner.Run(sample)));
            elements += references[^1].Outputs.Values.Sum(output => output?.ElementCount ?? 0);
            if ((bytes += references[^1].Bytes) > Ceiling || elements >= enough)
                break;
        }
        return references;
    }

    private static (double Signal, double Noise) Compare(Tensor expected, Tensor? actual)
    {
        if (actual is null || actual.ElementType != expected.ElementType || !actual.Dimensions.SequenceEqual(expected.Dimensions))
            return (0, double.PositiveInfinity);
        var sums = RowSums.Of(expected, actual, 0, expected.ElementCount);
        return (sums.XX, sums.NonFinite > 0 ? double.PositiveInfinity : sums.SquaredError);
    }
}
