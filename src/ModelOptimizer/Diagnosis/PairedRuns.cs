using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Runs two models on the same samples, as they are written, and shows their inner values side by side.</summary>
internal sealed class PairedRuns(IInferenceEngine engine, OnnxModel original, OnnxModel candidate, DataSet data, CancellationToken cancellation)
{
    /// <summary>Values looked at in one run: the rest waits for the next, so that memory does not grow with the model.</summary>
    private const int Slice = 64;

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>Shows every match, sample by sample.</summary>
    /// <param name="see">Takes the match's index, the original's value, the candidate's as computed and as its readers see it.</param>
    public void Run(IReadOnlyList<ValueMatch> matches, Action<int, Tensor?, Tensor?, Tensor?> see)
    {
        for (var first = 0; first < matches.Count; first += Slice)
            RunSlice([.. matches.Skip(first).Take(Slice)], first, see);
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
