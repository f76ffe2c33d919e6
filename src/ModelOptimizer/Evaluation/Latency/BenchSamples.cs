using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>What models are timed on.</summary>
/// <param name="Samples">At least one.</param>
/// <param name="Source">Where they come from, in words.</param>
/// <param name="IsGenerated">True when they are made up: times may differ from those on real data, whose lengths and values decide branches.</param>
public sealed record BenchSamples(IReadOnlyList<Sample> Samples, string Source, bool IsGenerated)
{
    /// <summary>More would only cost memory.</summary>
    private const int Most = 16;

    private const int Generated = 4;

    /// <summary>Lengths of open axes, what is usual first.</summary>
    private static readonly long[] Lengths = [128, 224, 320, 64, 32, 16, 8, 3, 2, 1, 512];

    /// <summary>The profile's samples, or made-up ones where it names none.</summary>
    /// <param name="models">All of them take the same inputs; the first tells which.</param>
    /// <param name="length">Of open axes in generated inputs; null tries what is usual.</param>
    /// <param name="isBatchAsked">Whether the batch was asked for, and is not just what goes without saying: then a model that fixes it is refused.</param>
    /// <exception cref="DiagnosticException">
    /// The data don't fit, the model runs on nothing that could be made up, or on another number of rows than the batch that is wanted.
    /// </exception>
    public static BenchSamples Take(IInferenceEngine engine, IReadOnlyList<OnnxModel> models, DataSettings settings, long? length = null,
        bool isBatchAsked = false)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(settings);
        foreach (var other in models.Skip(1))
            SignatureCheck.Require(models[0], other);
        var first = DataRequest.For(models[0]) with { NamedAt = settings.Location };
        var wanted = models.Skip(1).Aggregate(first, (request, other) => request.NarrowedBy(other));
        var batch = (settings as EvaluateSettings)?.Batch ?? 1;
        if (isBatchAsked || batch != 1 && !settings.NamesData)
            RequireBatch(models[0], wanted, batch);
        return settings.NamesData ? Read(wanted, settings) : Generate(engine, models[0], wanted, batch, length is { } one ? [one] : Lengths);
    }

    private static BenchSamples Read(DataRequest wanted, DataSettings settings)
    {
        var request = wanted with { Batch = (settings as EvaluateSettings)?.Batch ?? 1, Labels = (settings as EvaluateSettings)?.Labels, Limit = Most };
        return new([.. new DataSet(settings, request).Read()], DataSet.Describe(settings), IsGenerated: false);
    }

    private static void RequireBatch(OnnxModel model, DataRequest wanted, int batch)
    {
        if (BatchBinding.Rows(wanted.Inputs, batch) is var rows && rows != batch)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch, $"A batch of {batch} is wanted, but the model's inputs fix it to {rows} "
                + $"({string.Join(", ", wanted.Inputs.Select(input => $"{input.Name}: {input.Type}"))}); leave the batch out",
                wanted.NamedAt ?? (model.Path is { } path ? new SourceLocation(path) : null));
    }

    private static BenchSamples Generate(IInferenceEngine engine, OnnxModel model, DataRequest wanted, int batch, IEnumerable<long> lengths)
    {
        using var session = ModelRunner.Guard(engine, model, "first", () => engine.Open(model, new SessionSettings()));
        var inputs = BatchBinding.Bind(wanted.Inputs, batch);
        var rows = BatchBinding.Rows(wanted.Inputs, batch);
        var isOpen = inputs.Any(input => input.Type?.Shape?.Dimensions.Any(axis => axis.Value is null) == true);
        var (samples, length) = GeneratedSamples.Find(session, inputs, Generated, lengths);
        return new([.. samples.Select((sample, index) => new Sample(sample) { Index = index, Rows = rows, Source = "generated inputs" })],
            isOpen ? $"generated inputs with open axes of {length}" : "generated inputs", IsGenerated: true);
    }
}
