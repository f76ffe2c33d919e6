using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>A session that answers with outputs by name and complains with diagnostics.</summary>
/// <param name="role">What messages call the model: "original", "result".</param>
internal sealed class ModelRunner(IInferenceSession session, string role) : IDisposable
{
    public IReadOnlyList<NamedType> Outputs => session.Outputs;

    public TimeSpan LoadTime => session.LoadTime;

    /// <exception cref="DiagnosticException">The runtime can't load the model.</exception>
    public static ModelRunner Open(IInferenceEngine engine, OnnxModel model, string role, int threads = 1) =>
        new(Guard(engine, model, role, () => engine.Open(model, new SessionSettings(Threads: threads))), role);

    /// <summary>Opens a session.</summary>
    /// <exception cref="DiagnosticException">The runtime can't load the model.</exception>
    public static T Guard<T>(IInferenceEngine engine, OnnxModel model, string role, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (InferenceException e)
        {
            throw Refused(engine, model, role, e);
        }
    }

    public static DiagnosticException Refused(IInferenceEngine engine, OnnxModel model, string role, InferenceException reason) =>
        new(DiagnosticCatalog.RuntimeRefusesModel, $"{engine.Description} can't load the {role} model: {reason.Message}",
            model.Path is null ? null : new SourceLocation(model.Path));

    /// <exception cref="DiagnosticException">The runtime fails on the sample.</exception>
    public IReadOnlyDictionary<string, Tensor?> Run(Sample sample)
    {
        try
        {
            var outputs = session.Run(sample.Inputs);
            return session.Outputs.Zip(outputs).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        }
        catch (InferenceException e)
        {
            throw new DiagnosticException(DiagnosticCatalog.RunFailed, $"The {role} model fails on sample {sample.Index}: {e.Message}",
                new SourceLocation(sample.Source));
        }
    }

    public void Dispose() => session.Dispose();
}
