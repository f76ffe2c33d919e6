using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Diagnosis;

/// <summary>
/// Follows noise along the main graph for the report of a run. Where <see cref="Diagnoser"/> wants to know why, this wants to cost little: one
/// sample,
/// one model at a time, and only so many values at once as fit into a small part of memory.
/// </summary>
/// <param name="diagnostics">Told when nothing could be traced; that fails no run.</param>
internal sealed class ValueTracer(IInferenceEngine engine, IDiagnosticSink diagnostics)
{
    /// <summary>Runs compared: a value has many elements, and what is lost at it shows on any sample.</summary>
    private const int Samples = 1;

    /// <summary>Bytes of the values held at once, those of both models together.</summary>
    internal const long Ceiling = 64L << 20;

    /// <summary>In dB, as for <c>diagnose</c>: only what seems to lose more is looked at for being another quantity.</summary>
    private const double Threshold = DiagnosisRequest.DefaultThreshold;

    /// <summary>Bytes of the values held at once.</summary>
    internal long Limit { get; init; } = Ceiling;

    /// <summary>Whether a profile wants a trace: where it does not say so, when it names data and gives up precision.</summary>
    public static bool IsWanted(OptimizationProfile profile) => profile.Evaluate is { NamesData: true } settings
        && (settings.Trace ?? profile.Passes.Any(pass => PassRegistry.Create(pass.Name, pass.Options).Effect == NumericEffect.Lossy));

    /// <returns>Null when it is not wanted, or one of the models can't be run with its values shown.</returns>
    public TraceReport? Trace(OnnxModel original, OnnxModel candidate, OptimizationProfile profile, CancellationToken cancellation)
    {
        if (!IsWanted(profile))
            return null;
        try
        {
            return Trace(original, candidate, profile.Evaluate!, cancellation);
        }
        catch (DiagnosticException e)
        {
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.NotTraced,
                $"The report does not show values along the graph: {e.Diagnostics[0].Message}", profile.Evaluate!.Location));
            return null;
        }
    }

    private TraceReport Trace(OnnxModel original, OnnxModel candidate, EvaluateSettings settings, CancellationToken cancellation)
    {
        var data = new DataSet(settings, DataRequest.For(original).NarrowedBy(candidate) with { Limit = Samples, Labels = settings.Labels });
        IReadOnlyList<ValueMatch> matches = [.. new ValueMatcher(original, candidate).Match()
            .Where(match => match.Original.Graph == original.Graph && match.Computed.Graph == candidate.Graph && IsTold(match.Original))];
        PairSums[] computed = [.. matches.Select(match => new PairSums(Masks.VanishBehind(match.Original)))];
        PairSums?[] rounded = [.. matches.Select(match => match.Rounded is null ? null : new PairSums(Masks.VanishBehind(match.Original)))];
        new PairedRuns(engine, original, candidate, data, cancellation) { Limit = Limit, Held = Samples }.Run(matches, (i, expected, actual, read) =>
        {
            computed[i].Add(expected, actual);
            rounded[i]?.Add(expected, read);
        });
        var others = new MatchReview(matches, computed, Math.Pow(10, -Threshold / 10)).Others();
        return new(computed.Select(sums => sums.Samples).DefaultIfEmpty().Max(),
            original.Graph.Nodes.Where(node => !node.Is("Constant")).SelectMany(node => node.Outputs.OfType<Value>()).Count(IsTold),
            [.. matches.Index().Where(match => !others.Contains(match.Index) && computed[match.Index] is { IsIncomparable: false, Samples: > 0 })
                .Select(match => Describe(match.Item, computed[match.Index], rounded[match.Index]))]);
    }

    /// <summary>Whether a value is a quantity of its own: what only moves its elements has their noise. Types of inner values need not be
    /// known.</summary>
    private static bool IsTold(Value value) => (value.Type is not { } type || OutputElements.IsReal(type.ElementType))
        && (value.IsGraphOutput || value.Producer is not { } node
            || !node.Is("Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"));

    private static TracedValueReport Describe(ValueMatch match, PairSums computed, PairSums? rounded) =>
        new(match.Original.Name, match.Node.ToString(),
        Decibels(computed), rounded is { IsIncomparable: false, Samples: > 0 } read ? Decibels(read) : null);

    private static double Decibels(PairSums sums) => Math.Round(Diagnoser.Decibels(sums.Ratio), 2);
}
