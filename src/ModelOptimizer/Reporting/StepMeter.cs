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
    private readonly CancellationToken _cancellation;
    private readonly List<StepReport> _steps = [];
    private long _at;

    private StepMeter(IInferenceEngine engine, OnnxModel original, EvaluationRequest request, PassSettings last, CancellationToken cancellation) =>
        (_engine, _original, _request, _last, _cancellation) = (engine, original, request, last, cancellation);

    /// <returns>Null where there is nothing to tell apart, or nothing to measure it on.</returns>
    public static StepMeter? For(OptimizationProfile profile, IInferenceEngine engine, OnnxModel original, CancellationToken cancellation)
    {
        var lossy = profile.Passes.Where(IsLossy).ToList();
        if (profile.Evaluate is not { NamesData: true } settings || !lossy.Exists(IsPruning))
            return null;
        var request = new EvaluationRequest
        {
            Settings = settings with { Metrics = Quality(settings.Metrics) },
            AlsoMeasure = Quality(profile.Budget.Select(limit => limit.Metric)),
        };
        return new StepMeter(engine, original, request, lossy[^1], cancellation);
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
        if (model.ChangeCount == _at)
            return;
        _at = model.ChangeCount;
        var measured = new Evaluator(_engine, new DiagnosticBag()).Measure(_original, model, _request, _cancellation);
        _steps.Add(Step(pass, beforeRecovery, (long)measured.Find("size")!.Result, ModelSummary.Of(model).Parameters, isPruned ? Flops(model) : null, measured));
    }

    private static StepReport Step(string pass, bool beforeRecovery, long bytes, long parameters, double? flops, Measurements measured) => new(pass, beforeRecovery,
        bytes, parameters, flops, ReportBuilder.Metrics(new([.. measured.All.Where(one => !one.Declaration.IsCost || one.Metric == "compressed-size")])));

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
