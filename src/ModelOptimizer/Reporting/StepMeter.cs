using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Reporting;

/// <summary>
/// Measures what each step that gives up precision costs, where a profile prunes and has data to evaluate on. The last step is what the whole
/// result is measured by anyway.
/// </summary>
internal sealed class StepMeter
{
    private readonly IInferenceEngine _engine;
    private readonly OnnxModel _original;
    private readonly EvaluationRequest _request;
    private readonly PassSettings _last;
    private readonly IProgress<string>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<StepReport> _steps = [];

    /// <summary>The model's count of changes when it was last looked at; null before a pass gave up precision.</summary>
    private long? _at;

    private StepMeter(IInferenceEngine engine, OnnxModel original, EvaluationRequest request, PassSettings last, IProgress<string>? progress,
        CancellationToken cancellation) =>
        (_engine, _original, _request, _last, _progress, _cancellation) = (engine, original, request, last, progress, cancellation);

    /// <returns>Null where there is nothing to tell apart, or nothing to measure it on.</returns>
    public static StepMeter? For(
        OptimizationProfile profile, IInferenceEngine engine, OnnxModel original, IProgress<string>? progress, CancellationToken cancellation)
    {
        var lossy = profile.Passes.Where(IsLossy).ToList();
        if (profile.Evaluate is not { NamesData: true } settings || !lossy.Exists(IsPruning))
            return null;
        var named = Quality(settings.Metrics);
        var request = new EvaluationRequest
        {
            // None at all would mean all that suit.
            Settings = settings with { Metrics = named.Count == 0 && settings.Metrics.Count > 0 ? ["sqnr"] : named },
            AlsoMeasure = Quality(profile.Budget.Select(limit => limit.Metric)),
        };
        return new StepMeter(engine, original, request, lossy[^1], progress, cancellation);
    }

    /// <summary>Notes what passes that lose nothing left, before the first that does: its line is not to count what they took off.</summary>
    /// <param name="settings">The pass that is going to run.</param>
    /// <param name="before">The one before it; null for none.</param>
    public void Before(PassSettings settings, PassSettings? before, OnnxModel model)
    {
        if (_at is not null || !IsLossy(settings))
            return;
        _at = model.ChangeCount;
        if (before is null)
            return;
        using var saved = SavedModel.Of(model, files: null);
        _steps.Add(new(before.Name, false, saved.Bytes, ModelSummary.Of(model).Parameters, Flops(model), []));
    }

    /// <summary>Measures the model behind a pass of the profile, where that changed it and others follow that give up precision.</summary>
    public void After(PassSettings settings, OnnxModel model)
    {
        if (!ReferenceEquals(settings, _last) && IsLossy(settings))
            Add(settings.Name, model, beforeRecovery: false, IsPruning(settings));
    }

    /// <summary>Measures what a pruning pass has made narrower and not fitted yet.</summary>
    public void BeforeRecovery(string pass, OnnxModel model) => Add(pass, model, beforeRecovery: true, isPruned: true);

    /// <param name="result">The model as it came out.</param>
    /// <param name="measured">What was measured of it.</param>
    /// <returns>All steps, from the original to the result.</returns>
    public IReadOnlyList<StepReport> Finish(OnnxModel result, Measurements measured, ModelReport before, ModelReport after)
    {
        var own = measured.All.Where(one => one.Original is not null).Select(one => one with { Result = one.Original!.Value });
        return
        [
            Step("", false, before.Bytes, before.Parameters, Flops(_original.Clone()), new([.. own])),
            .. _steps,
            Step(_last.Name, false, after.Bytes, after.Parameters, IsPruning(_last) ? Flops(result) : null, measured),
        ];
    }

    private void Add(string pass, OnnxModel model, bool beforeRecovery, bool isPruned)
    {
        // What was taken out is held against what came of it, also where that is the same.
        if (model.ChangeCount == _at && _steps is not [.., { BeforeRecovery: true }])
            return;
        _at = model.ChangeCount;
        _progress?.Report($"{pass}: {(beforeRecovery ? "evaluate before recovery" : "evaluate")}");
        var copy = model.Clone();
        new PassContext(copy, new RewriteLog(), _engine, new DiagnosticBag()).InferTypes();
        DeclaredTypes.Refresh(copy);
        using var saved = SavedModel.Of(copy, files: null);
        _steps.Add(Step(pass, beforeRecovery, saved.Bytes, ModelSummary.Of(copy).Parameters, isPruned ? new FlopCount(copy).Total : null, Measure(copy)));
    }

    /// <summary>Nothing where the model can't be run as it is half way, such as one that finds nothing any more.</summary>
    private Measurements Measure(OnnxModel model)
    {
        try
        {
            return new Evaluator(_engine, new DiagnosticBag()).Measure(_original, model, _request, _cancellation);
        }
        catch (DiagnosticException)
        {
            return new([]);
        }
    }

    private static StepReport Step(string pass, bool beforeRecovery, long bytes, long parameters, double? flops, Measurements measured) =>
        new(pass, beforeRecovery, bytes, parameters, flops, ReportBuilder.Metrics(new([.. measured.All.Where(one => !one.Declaration.IsCost || one.Metric == "compressed-size")])));

    private double Flops(OnnxModel model)
    {
        new PassContext(model, new RewriteLog(), _engine, new DiagnosticBag()).InferTypes();
        return new FlopCount(model).Total;
    }

    private static IReadOnlyList<string> Quality(IEnumerable<string> metrics) => [.. metrics.Where(name => MetricCatalog.Find(name) is { IsCost: false })];

    private static bool IsLossy(PassSettings settings) => Pass(settings).Effect == NumericEffect.Lossy;

    private static bool IsPruning(PassSettings settings) => Pass(settings) is IPruningPass;

    private static IGraphPass Pass(PassSettings settings) => PassRegistry.Create(settings.Name, settings.Options);
}
