using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Runs two models on the same samples, as they are written, and shows their inner values side by side.</summary>
internal sealed class PairedRuns(IInferenceEngine engine, OnnxModel original, OnnxModel candidate, DataSet data, CancellationToken cancellation)
{
    /// <summary>Bytes of the values looked at in one run, in all three forms: the rest waits for the next, so that memory does not grow with the model.</summary>
    internal const long Ceiling = 512L << 20;

    /// <summary>Values looked at in one run, however small.</summary>
    private const int Most = 256;

    private readonly Lazy<ValueSizes> _sizes = new(() => new ValueSizes(engine, original, LargestShapes(data), null));

    /// <summary>Bytes of the values looked at in one run.</summary>
    internal long Limit { get; init; } = Ceiling;

    private readonly Dictionary<Value, string> _whyUnseen = [];

    /// <summary>Why one of the original's values, or what stands for it, could not be seen; null when both could.</summary>
    public string? WhyUnseen(ValueMatch match) => _whyUnseen.GetValueOrDefault(match.Original);

    /// <summary>Shows every match, sample by sample.</summary>
    /// <param name="see">Takes the match's index, the original's value, the candidate's as computed and as its readers see it. Of a
    /// branch that was not taken there is an empty tensor, of what can't be seen none.</param>
    public void Run(IReadOnlyList<ValueMatch> matches, Action<int, Tensor?, Tensor?, Tensor?> see)
    {
        for (int first = 0, count; first < matches.Count; first += count)
        {
            count = CountFrom(matches, first);
            RunSlice([.. matches.Skip(first).Take(count)], first, see);
        }
    }

    /// <summary>How many matches fit into one run, one at least.</summary>
    private int CountFrom(IReadOnlyList<ValueMatch> matches, int first)
    {
        var (count, bytes) = (0, 0L);
        foreach (var match in matches.Skip(first).Take(Most))
        {
            // The candidate's values come as floats, too.
            bytes += _sizes.Value.Of(match.Original) * (match.Rounded is null ? 2 : 3);
            if (bytes > Limit && count > 0)
                break;
            count++;
        }
        return count;
    }

    private static Dictionary<string, Shape> LargestShapes(DataSet data)
    {
        var shapes = new Dictionary<string, Shape>();
        foreach (var (name, tensor) in data.Read().SelectMany(sample => sample.Inputs))
            shapes[name] = shapes.TryGetValue(name, out var known) && known.Rank == tensor.Dimensions.Length
                ? Shape.Of(known.Dimensions.Zip(tensor.Dimensions, (a, b) => Math.Max(a.Value!.Value, b)))
                : Shape.Of(tensor.Dimensions);
        return shapes;
    }

    private void RunSlice(IReadOnlyList<ValueMatch> matches, int first, Action<int, Tensor?, Tensor?, Tensor?> see)
    {
        using var left = new ProbedModel(engine, original, [.. matches.Select(match => new Probe(match.Original))]);
        using var right = new ProbedModel(engine, candidate,
            [.. matches.Select(match => new Probe(match.Computed, match.Codes)), .. matches.Select(match => match.Rounded).OfType<Value>().Select(value => new Probe(value))]);
        foreach (var (i, match) in matches.Index())
            if ((left.WhyUnseen[i] ?? right.WhyUnseen[i]) is { } why)
                _whyUnseen[match.Original] = why;
        foreach (var sample in data.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            var expected = Task.Run(() => left.Answer(sample), CancellationToken.None);
            IReadOnlyList<Tensor?> actual;
            try
            {
                actual = right.Answer(sample);
            }
            finally
            {
                // A session must not be closed under a run.
                Task.WaitAny([expected], CancellationToken.None);
            }
            var (x, rounded) = (expected.GetAwaiter().GetResult(), matches.Count);
            for (var i = 0; i < matches.Count; i++)
                see(first + i, x[i], actual[i], matches[i].Rounded is null ? null : actual[rounded++]);
        }
    }

    /// <summary>Values that do not depend on what is fed: what a candidate makes of its weights.</summary>
    public IReadOnlyList<Tensor?> Evaluate(IReadOnlyList<Value> values)
    {
        using var probed = new ProbedModel(engine, candidate, [.. values.Select(value => new Probe(value))]);
        return probed.FirstAnswer(data.Read().First());
    }
}
