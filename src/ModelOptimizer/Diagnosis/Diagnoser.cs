using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Diagnosis;

/// <summary>What to diagnose on.</summary>
/// <param name="Data">What both models run on.</param>
public sealed record DiagnosisRequest(DataSettings Data)
{
    public const int DefaultSamples = 16;
    public const int DefaultThreshold = 25;

    /// <param name="paths">Files with one array per model input.</param>
    public DiagnosisRequest(IReadOnlyList<string> paths)
        : this(new EvaluateSettings { Data = paths })
    {
    }

    /// <summary>Samples used at most.</summary>
    public int Samples { get; init; } = DefaultSamples;

    /// <summary>In dB: noise that a node adds is big when it alone would leave no more than this.</summary>
    public double Threshold { get; init; } = DefaultThreshold;
}

/// <summary>
/// Compares a candidate of any tool with its original, value by value along the graph and its bodies, on the same samples; finds the nodes at which
/// precision is lost, their likely causes, and what would mend them.
/// </summary>
public sealed class Diagnoser(IInferenceEngine engine)
{
    /// <summary>Losses whose causes are looked into.</summary>
    private const int MostLosses = 20;

    /// <exception cref="DiagnosticException">The models can't be compared, the data does not fit them, or one can't be run.</exception>
    public ModelDiagnosis Run(OnnxModel original, OnnxModel candidate, DiagnosisRequest request, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        SignatureCheck.Require(original, candidate);
        var batch = (request.Data as EvaluateSettings)?.Batch ?? 1;
        var data = new DataSet(request.Data, DataRequest.For(original).NarrowedBy(candidate) with { Limit = request.Samples, Batch = batch });
        var runs = new PairedRuns(engine, original, candidate, data, cancellation);
        progress?.Report("compare");
        var matches = new ValueMatcher(original, candidate).Match();
        var (computed, rounded) = Compare(runs, matches);
        var made = Flow.Made(original.Graph).ToList();
        if (!computed.Any(sums => sums is { Samples: > 0, IsIncomparable: false }))
            throw new DiagnosticException(DiagnosticCatalog.NothingToCompare, 
                "No value of the candidate stands for one of the original that is made of floats; are these two forms of one model?",
                candidate.Path is null ? null : new SourceLocation(candidate.Path));
        var others = new MatchReview(matches, computed, Threshold(request)).Others();
        var uncompared = UncomparedValues.Of(original, made, matches, computed, runs.WhyUnseen);
        (matches, computed, rounded) = (Without(matches, others), Without(computed, others), Without(rounded, others));
        var steps = new LossFinder(matches, computed, rounded).Steps().ToList();
        progress?.Report("find causes");
        var causes = new LossInspector(runs, matches, computed, rounded);
        var big = Causes(causes, [.. steps.Where(step => step.Added >= Threshold(request))]);
        return new ModelDiagnosis
        {
            Samples = computed.Max(sums => sums.Samples),
            Values = made.Count,
            InBodies = made.Count(pair => pair.Value.Graph != original.Graph),
            Others = others.Count,
            Uncompared = uncompared,
            Compared = [.. matches.Select((match, i) => Describe(match, computed[i], rounded[i])).OfType<DiagnosedValue>()],
            Losses = causes.Inspect(big.Count > 0 ? big : [.. steps.OrderByDescending(step => step.Added).Take(1).Where(step => step.Added > 0)]),
            AreBig = big.Count > 0,
        };
    }

    private static double Threshold(DiagnosisRequest request) => Math.Pow(10, -request.Threshold / 10);

    private static IReadOnlyList<T> Without<T>(IReadOnlyList<T> all, IReadOnlySet<int> left) => [.. all.Where((_, i) => !left.Contains(i))];

    /// <summary>Where nothing is quantized, noise from elsewhere only weighs more: a cause only when there is no other.</summary>
    private static List<LossStep> Causes(LossInspector inspector, List<LossStep> big)
    {
        var made = big.Where(inspector.IsMadeHere).Take(MostLosses).ToList();
        return made.Count > 0 ? made : [.. big.Take(MostLosses)];
    }

    private static (IReadOnlyList<PairSums> Computed, IReadOnlyList<PairSums?> Rounded) Compare(PairedRuns runs, IReadOnlyList<ValueMatch> matches)
    {
        PairSums[] computed = [.. matches.Select(match => new PairSums(Masks.VanishBehind(match.Original)))];
        PairSums?[] rounded = [.. matches.Select(match => match.Rounded is null ? null : new PairSums(Masks.VanishBehind(match.Original)))];
        runs.Run(matches, (i, original, candidate, read) =>
        {
            // There is nothing to compare of a branch that the original did not take.
            if (original is { ElementCount: 0 } && matches[i].Original.Graph.Owner is not null)
                return;
            computed[i].Add(original, candidate);
            rounded[i]?.Add(original, read);
        });
        return (computed, rounded);
    }

    private static DiagnosedValue? Describe(ValueMatch match, PairSums computed, PairSums? rounded) => computed.IsIncomparable || computed.Samples == 0 ? null
        : new DiagnosedValue(match.Original.Name, match.Node.ToString(), match.Computed.Name, match.Kind, Decibels(computed.Ratio),
            rounded is { IsIncomparable: false } read ? Decibels(read.Ratio) : null);

    /// <summary>SQNR of a ratio of noise to signal.</summary>
    internal static double Decibels(double ratio) => ratio == 0 ? double.PositiveInfinity : -10 * Math.Log10(ratio);
}
