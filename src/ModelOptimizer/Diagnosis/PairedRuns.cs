using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
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

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    private readonly Lazy<ValueSizes> _sizes = new(() => new ValueSizes(engine, original, LargestShapes(data), null));

    /// <summary>Bytes of the values looked at in one run.</summary>
    internal long Limit { get; init; } = Ceiling;

    /// <summary>Shows every match, sample by sample.</summary>
    /// <param name="see">Takes the match's index, the original's value, the candidate's as computed and as its readers see it.</param>
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
        using var left = Open(original, [.. matches.Select(match => new Probe(match.Original, null))]);
        using var right = Open(candidate, [.. matches.Select(match => new Probe(match.Computed, match.Codes)), .. matches.Where(match => match.Rounded is not null).Select(match => new Probe(match.Rounded!, null))]);
        foreach (var sample in data.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            var expected = Task.Run(() => Answer(left, original, sample), CancellationToken.None);
            IReadOnlyList<Tensor?> actual;
            try
            {
                actual = Answer(right, candidate, sample);
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
        using var session = Open(candidate, [.. values.Select(value => new Probe(value, null))]);
        return Answer(session, candidate, data.Read().First());
    }

    private IInferenceSession Open(OnnxModel model, IReadOnlyList<Probe> probes)
    {
        var copy = model.Clone(out var copies);
        for (var i = 0; i < probes.Count; i++)
            copy.Graph.AddOutput($"diagnose_{i}", Floats(copies[probes[i].Value]!, probes[i].Codes, copies));
        try
        {
            return engine.Open(copy, AsWritten);
        }
        catch (InferenceException reason)
        {
            throw new DiagnosticException(DiagnosticCatalog.RuntimeRefusesModel, $"{engine.Description} can't load {Path.GetFileName(model.Path)}: {reason.Message}",
                model.Path is null ? null : new SourceLocation(model.Path));
        }
    }

    private static Value Floats(Value value, (Value Scale, Value? ZeroPoint)? codes, IReadOnlyDictionary<Value, Value?> copies) => codes is not { } quantized
        ? value
        : value.Graph.Insert(null, "DequantizeLinear", [value, copies[quantized.Scale], quantized.ZeroPoint is { } zero ? copies[zero] : null]).Output();

    private static IReadOnlyList<Tensor?> Answer(IInferenceSession session, OnnxModel model, Sample sample)
    {
        try
        {
            return [.. session.Run(sample.Inputs).Skip(model.Graph.Outputs.Count)];
        }
        catch (InferenceException reason)
        {
            throw new DiagnosticException(DiagnosticCatalog.RunFailed, $"{Path.GetFileName(model.Path)} fails on sample {sample.Index}: {reason.Message}", new SourceLocation(sample.Source));
        }
    }

    private sealed record Probe(Value Value, (Value Scale, Value? ZeroPoint)? Codes);
}
