using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>
/// How far the outputs of a changed model are from those of the model itself on calibration data, without labels: noise over signal, the mean of
/// all outputs. Those of whole numbers, such as generated tokens, don't count: they are right or wrong, and how nearly is not seen. Nor do those that
/// are zero throughout.
/// </summary>
internal sealed class OutputMeter
{
    private const int MaxJudging = 48;

    /// <summary>More would not change what single weights are found to do.</summary>
    private const int MaxDeciding = 16;

    /// <summary>Elements of outputs, from as many samples, that are enough to find it.</summary>
    private const int EnoughElements = 1 << 20;

    private const long Ceiling = 128L << 20;

    private readonly IInferenceEngine _engine;
    private readonly CalibrationData _data;
    private readonly long _ceiling;
    private readonly HashSet<string> _notFinite;

    /// <param name="ceiling">Bytes of inputs and outputs that are kept of either part.</param>
    public OutputMeter(IInferenceEngine engine, OnnxModel model, SampleSplit samples, long ceiling = Ceiling)
    {
        (_engine, _data, _ceiling) = (engine, samples.Learning, ceiling);
        using var runner = ModelRunner.Open(_engine, model, "original");
        Deciding = References(runner, samples.Deciding, MaxDeciding, EnoughElements);
        Judging = References(runner, samples.Judging, MaxJudging, long.MaxValue);
        var outputs = Deciding.Concat(Judging).SelectMany(Real);
        _notFinite = [.. outputs.Where(output => !IsFinite(output.Content)).Select(output => output.Name)];
    }

    /// <summary>Outputs that choices are weighed by.</summary>
    public IReadOnlyList<Reference> Deciding { get; }

    /// <summary>Outputs that answers are held against each other by.</summary>
    public IReadOnlyList<Reference> Judging { get; }

    /// <summary>Whether there is an output that tells how near others come to it.</summary>
    public bool IsTelling => Deciding.SelectMany(Real).Any(output => Signal(output.Content) > 0);

    /// <summary>Outputs that don't count, or not wholly, in words.</summary>
    public IReadOnlyList<string> Remarks =>
    [
        .. Deciding.SelectMany(Real).GroupBy(output => output.Name).Where(output => output.All(one => Signal(one.Content) == 0))
            .Select(output => $"'{output.Key}' is zero on all samples and doesn't count"),
        .. _notFinite.Order(StringComparer.Ordinal).Select(name => $"of '{name}' only what is finite counts"),
    ];

    /// <returns>Noise over signal, the mean of all outputs that have a signal; infinite where a number is not finite in the candidate alone.</returns>
    public double Measure(OnnxModel candidate, IReadOnlyList<Reference> on)
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
                foreach (var (name, x) in Real(reference))
                {
                    var (sum, signal) = (sums.GetValueOrDefault(name), Signal(x));
                    sums[name] = (sum.Signal + signal, sum.Noise + Noise(x, answer.GetValueOrDefault(name), signal, _notFinite.Contains(name)));
                }
        }
        return sums.Values.Where(sum => sum.Signal > 0).Select(sum => sum.Noise / sum.Signal).DefaultIfEmpty(0).Average();
    }

    private static IEnumerable<(string Name, Tensor Content)> Real(Reference reference) =>
        from output in reference.Outputs
        where output.Value is { } content && OutputElements.IsReal(content.ElementType)
        select (output.Key, output.Value);

    /// <summary>Answers to as many samples as are enough, judged by one of them, and fit into memory.</summary>
    private List<Reference> References(ModelRunner runner, Func<int, IEnumerable<Sample>> pick, int most, long enough)
    {
        var one = Answer(pick(1).First());
        var elements = Math.Max(1, one.Outputs.Values.Sum(output => output?.ElementCount ?? 0));
        var count = Math.Min(enough / elements + Math.Sign(enough % elements), _ceiling / Math.Max(1, one.Bytes));
        var (kept, bytes) = (new List<Reference>(), 0L);
        // The one may be shorter than others.
        foreach (var reference in pick((int)Math.Clamp(count, 1, most)).Select(Answer))
        {
            bytes += reference.Bytes;
            if (kept.Count > 0 && bytes > _ceiling)
                break;
            kept.Add(reference);
        }
        return kept;

        Reference Answer(Sample sample)
        {
            _data.Cancellation.ThrowIfCancellationRequested();
            return new Reference(sample, runner.Run(sample));
        }
    }

    private static double Signal(Tensor output) => RowSums.Of(output, output, 0, output.ElementCount).XX;

    /// <summary>Where numbers of the model itself are not finite, others may get lost as well, and count like zeros.</summary>
    private static double Noise(Tensor expected, Tensor? actual, double signal, bool mayLose)
    {
        if (actual is null || actual.ElementType != expected.ElementType || !actual.Dimensions.SequenceEqual(expected.Dimensions))
            return double.PositiveInfinity;
        var sums = RowSums.Of(expected, actual, 0, expected.ElementCount);
        return sums.NonFinite == 0 ? sums.SquaredError : mayLose ? sums.SquaredError + signal - sums.XX : double.PositiveInfinity;
    }

    private static bool IsFinite(Tensor output)
    {
        var elements = new double[output.ElementCount];
        OutputElements.Read(output, 0, elements);
        return Array.TrueForAll(elements, double.IsFinite);
    }
}
