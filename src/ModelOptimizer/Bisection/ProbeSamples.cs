using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Bisection;

/// <summary>What the models are fed to see whether they still answer the same, and what the original answers.</summary>
/// <param name="Inputs">For each sample, a tensor by input.</param>
/// <param name="Expected">For each sample, the original's outputs in the model's order.</param>
/// <param name="Source">Where the samples come from, in words.</param>
internal sealed record ProbeSamples(
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Inputs, IReadOnlyList<IReadOnlyList<Tensor?>> Expected, string Source)
{
    /// <summary>Every probe runs them all.</summary>
    private const int Most = 8;

    private const int Generated = 4;

    private static readonly SessionSettings AsWritten = new(Optimize: false);

    /// <summary>Lengths to try where the signature leaves an axis open: any will do for most models, some want what they were trained on.</summary>
    private static readonly long[] FreeLengths = [2, 1, 3, 8, 16, 32, 64, 128, 224, 512];

    /// <param name="candidate">What must take the same inputs, and may have fixed axes that are free in the original.</param>
    /// <exception cref="DiagnosticException">Data don't fit the model, the runtime can't load or run it, or it answers at random.</exception>
    public static ProbeSamples Take(IInferenceEngine engine, OnnxModel original, OnnxModel candidate, DataSettings? settings)
    {
        using var session = Open(engine, original);
        var wanted = DataRequest.For(original).NarrowedBy(candidate);
        var samples = settings is { NamesData: true } ? Read(session, wanted, settings) : Generate(session, wanted.Inputs);
        if (samples.Inputs.Select(session.Run).Zip(samples.Expected).Any(pair => Differ(pair.First, pair.Second)))
            throw new DiagnosticException(DiagnosticCatalog.RunFailed,
                "The original model answers the same inputs differently each time, as if it drew random numbers: no rewrite can be blamed");
        return samples;
    }

    private static IInferenceSession Open(IInferenceEngine engine, OnnxModel original)
    {
        try
        {
            return engine.Open(original, AsWritten);
        }
        catch (InferenceException e)
        {
            throw new DiagnosticException(DiagnosticCatalog.RuntimeRefusesModel, $"{engine.Description} can't load the original model: {e.Message}",
                original.Path is null ? null : new SourceLocation(original.Path));
        }
    }

    private static ProbeSamples Read(IInferenceSession session, DataRequest wanted, DataSettings settings)
    {
        var evaluate = settings as EvaluateSettings;
        var request = wanted with { Batch = evaluate?.Batch ?? 1, Labels = evaluate?.Labels, Limit = Most };
        var data = new DataSet(settings, request);
        var inputs = data.Read().Select(sample => sample.Inputs).ToList();
        try
        {
            return new(inputs, [.. inputs.Select(session.Run)], DataSet.Describe(settings));
        }
        catch (InferenceException e)
        {
            throw new DiagnosticException(DiagnosticCatalog.RunFailed, $"The original model fails on the data: {e.Message}",
                new SourceLocation(data.Files[0]));
        }
    }

    private static ProbeSamples Generate(IInferenceSession session, IReadOnlyList<NamedType> inputs)
    {
        var (samples, _) = GeneratedSamples.Find(session, inputs, Generated, FreeLengths);
        return new(samples, [.. samples.Select(session.Run)], "generated inputs");
    }

    private static bool Differ(IReadOnlyList<Tensor?> first, IReadOnlyList<Tensor?> second) =>
        first.Zip(second).Any(pair => OutputChange.Of("", pair.First, pair.Second).Change > 0);
}
