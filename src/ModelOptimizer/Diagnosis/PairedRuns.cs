using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Runs two models on the same samples, as they are written, and shows their inner values side by side.</summary>
internal sealed class PairedRuns(IInferenceEngine engine, OnnxModel original, OnnxModel candidate, DataSet data, CancellationToken cancellation)
{
    /// <summary>Bytes of the values looked at in one run, in all three forms: the rest waits for the next, so that memory does not grow with the
    /// model.</summary>
    internal const long Ceiling = 512L << 20;

    /// <summary>Values looked at in one run, however small.</summary>
    private const int Most = 256;

    private readonly Lazy<ValueSizes> _sizes = new(() => new ValueSizes(engine, original, LargestShapes(data), null));

    /// <summary>Bytes of the values looked at in one run.</summary>
    internal long Limit { get; init; } = Ceiling;

    /// <summary>
    /// Samples that the original's values are held of until its session is closed and the candidate's opened, so that there is never more than one;
    /// 0 runs both side by side.
    /// </summary>
    internal int Held { get; init; }

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
            IReadOnlyList<ValueMatch> slice = [.. matches.Skip(first).Take(count)];
            if (Held > 0)
                RunInTurn(slice, first, see);
            else
                RunSlice(slice, first, see);
        }
    }

    /// <summary>How many matches fit into one run, one at least.</summary>
    private int CountFrom(IReadOnlyList<ValueMatch> matches, int first)
    {
        var (count, bytes) = (0, 0L);
        foreach (var match in matches.Skip(first).Take(Most))
        {
            // The candidate's values come as floats, too.
            bytes += _sizes.Value.Of(match.Original) * (Math.Max(1, Held) + (match.Rounded is null ? 1 : 2));
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
        using var left = OpenOriginal(matches);
        using var right = OpenCandidate(matches);
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
            Show(matches, first, expected.GetAwaiter().GetResult(), actual, see);
        }
    }

    /// <summary>The same with one session at a time. The collector would let what one slice leaves lie beside the next.</summary>
    private void RunInTurn(IReadOnlyList<ValueMatch> matches, int first, Action<int, Tensor?, Tensor?, Tensor?> see)
    {
        var expected = new Queue<IReadOnlyList<Tensor?>>();
        using (var left = OpenOriginal(matches))
            foreach (var sample in data.Read().Take(Held))
            {
                cancellation.ThrowIfCancellationRequested();
                expected.Enqueue(left.Answer(sample));
            }
        GC.Collect();
        using (var right = OpenCandidate(matches))
            foreach (var sample in data.Read().Take(Held))
            {
                cancellation.ThrowIfCancellationRequested();
                Show(matches, first, expected.Dequeue(), right.Answer(sample), see);
            }
        GC.Collect();
    }

    private ProbedModel OpenOriginal(IReadOnlyList<ValueMatch> matches) => Noted(matches,
        new(engine, original, [.. matches.Select(match => new Probe(match.Original))], KeepsMemory));

    private ProbedModel OpenCandidate(IReadOnlyList<ValueMatch> matches) => Noted(matches, new(engine, candidate,
        [
            .. matches.Select(match => new Probe(match.Computed, match.Codes)),
            .. matches.Select(match => match.Rounded).OfType<Value>().Select(value => new Probe(value)),
        ], KeepsMemory));

    /// <summary>A session that is open for few runs needs no memory for the next.</summary>
    private bool KeepsMemory => Held == 0;

    private ProbedModel Noted(IReadOnlyList<ValueMatch> matches, ProbedModel probed)
    {
        foreach (var (i, match) in matches.Index())
            if (probed.WhyUnseen[i] is { } why)
                _whyUnseen.TryAdd(match.Original, why);
        return probed;
    }

    private static void Show(IReadOnlyList<ValueMatch> matches, int first, IReadOnlyList<Tensor?> expected, IReadOnlyList<Tensor?> actual,
        Action<int, Tensor?, Tensor?, Tensor?> see)
    {
        var rounded = matches.Count;
        for (var i = 0; i < matches.Count; i++)
            see(first + i, expected[i], actual[i], matches[i].Rounded is null ? null : actual[rounded++]);
    }

    /// <summary>Values that do not depend on what is fed: what a candidate makes of its weights.</summary>
    public IReadOnlyList<Tensor?> Evaluate(IReadOnlyList<Value> values)
    {
        using var probed = new ProbedModel(engine, candidate, [.. values.Select(value => new Probe(value))]);
        return probed.FirstAnswer(data.Read().First());
    }
}
