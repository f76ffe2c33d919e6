using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>A value to look at.</summary>
/// <param name="Codes">Scale and zero point when it comes out of its node quantized.</param>
internal sealed record Probe(Value Value, (Value Scale, Value? ZeroPoint)? Codes = null);

/// <summary>A model, run as it is written, that hands out inner values as floats: those of bodies, too, as far as they can be carried out.</summary>
internal sealed class ProbedModel : IDisposable
{
    private readonly OnnxModel _model;
    private readonly IInferenceSession _session;

    /// <summary>For each probe its place behind the model's own outputs, and its form; null when it can't be seen.</summary>
    private readonly CarriedValue?[] _shown;

    /// <param name="keepMemory">Whether memory once used is kept for the next run.</param>
    /// <exception cref="DiagnosticException">The runtime refuses the model.</exception>
    public ProbedModel(IInferenceEngine engine, OnnxModel model, IReadOnlyList<Probe> probes, bool keepMemory = true)
    {
        _model = model;
        var copy = model.Clone(out var copies);
        var isInBodies = probes.Any(probe => probe.Value.Graph != model.Graph);
        if (isInBodies)
            new TypeInference(engine).Run(copy);
        var bodies = isInBodies ? new BodyValues(copy) : null;
        // Reasons first: they are about the model as it is, without what carries values out.
        WhyUnseen = [.. probes.Select(probe => bodies is null || probe.Value.Graph == model.Graph ? null : WhyNot(bodies, copies[probe.Value]!))];
        _shown = [.. probes.Select((probe, i) => WhyUnseen[i] is null ? (CarriedValue?)Show(copy, probe, copies, bodies) : null)];
        try
        {
            _session = engine.Open(copy, new SessionSettings(Optimize: false, KeepMemory: keepMemory));
        }
        catch (InferenceException reason)
        {
            throw new DiagnosticException(DiagnosticCatalog.RuntimeRefusesModel,
                $"{engine.Description} can't load {Path.GetFileName(model.Path)}: {reason.Message}", model.Path is null ? null : new SourceLocation(model.Path));
        }
    }

    /// <summary>For each probe why it can't be seen; null when it can.</summary>
    public IReadOnlyList<string?> WhyUnseen { get; }

    /// <summary>What a sample makes of each probe: of one in a loop a stack of what each iteration made; null when it can't be seen.</summary>
    /// <exception cref="DiagnosticException">The runtime fails on the sample.</exception>
    public IReadOnlyList<Tensor?> Answer(Sample sample)
    {
        try
        {
            var answers = _session.Run(sample.Inputs).Skip(_model.Graph.Outputs.Count).ToList();
            var next = 0;
            return [.. _shown.Select(shown => shown is null ? null : answers[next++])];
        }
        catch (InferenceException reason)
        {
            throw new DiagnosticException(DiagnosticCatalog.RunFailed,
                $"{Path.GetFileName(_model.Path)} fails on sample {sample.Index}: {reason.Message}", new SourceLocation(sample.Source));
        }
    }

    /// <summary>The same, of one in a loop what its first iteration made.</summary>
    public IReadOnlyList<Tensor?> FirstAnswer(Sample sample) => [.. Answer(sample).Select((tensor, i) =>
    {
        var first = (Tensor?)null;
        if (tensor is not null)
            _shown[i]!.Value.Show(tensor, step => first ??= step, (_, _) => { });
        return first;
    })];

    public void Dispose() => _session.Dispose();

    private static string? WhyNot(BodyValues bodies, Value value) => bodies.WhyNotAtAll(value) ?? bodies.WhyNotWhole(value);

    private static CarriedValue Show(OnnxModel copy, Probe probe, IReadOnlyDictionary<Value, Value?> copies, BodyValues? bodies)
    {
        var value = Floats(copies[probe.Value]!, probe.Codes, copies);
        var carried = bodies?.CarryOut(value, extremes: false).Single() ?? new CarriedValue(value, CarriedForm.Whole);
        copy.Graph.AddOutput($"diagnose_{copy.Graph.Outputs.Count}", carried.Value);
        return carried;
    }

    private static Value Floats(Value value, (Value Scale, Value? ZeroPoint)? codes, IReadOnlyDictionary<Value, Value?> copies)
    {
        if (codes is not { } quantized)
            return value;
        var floats = value.Graph.Insert(null, "DequantizeLinear", [value, copies[quantized.Scale], quantized.ZeroPoint is { } zero ? copies[zero] : null]).Output();
        floats.Infer(value.Type is { } type ? type with { ElementType = DataType.Float } : null);
        return floats;
    }
}
