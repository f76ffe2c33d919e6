using System.Reflection;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnosis;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer;

/// <summary>What to optimize, how, and where to.</summary>
/// <param name="ModelPath">The original model.</param>
/// <param name="Profile">What to do with it and what it must keep.</param>
/// <param name="OutputPath">The file to write; report and rejected candidate lie beside it.</param>
public sealed record OptimizationRequest(string ModelPath, OptimizationProfile Profile, string OutputPath)
{
    /// <summary>Stops after so many rewrites, to find the one that does harm.</summary>
    public int MaxRewrites { get; init; } = int.MaxValue;

    /// <summary>Times each operator in both models as well, and names those that quantization made slower.</summary>
    public bool ProfileOperators { get; init; }

    /// <summary>Where the profile or project names the model, so that it can be mended there when it is missing; null for the command line.</summary>
    public SourceLocation? ModelLocation { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Report">Everything done, declined and measured.</param>
/// <param name="ModelPath">The model written: the output, or the rejected candidate beside it.</param>
/// <param name="ReportPath">The report written.</param>
public sealed record OptimizationResult(OptimizationReport Report, string ModelPath, string ReportPath)
{
    /// <summary>False when a budget is broken: the output was not written.</summary>
    public bool Accepted => Report.Accepted;

    /// <summary>Arrays of the data that the model has no use for.</summary>
    public IReadOnlyList<string> IgnoredArrays => Found.Measured.IgnoredArrays;

    /// <summary>Who did the work.</summary>
    public ResultSource Source { get; init; }

    /// <summary>True when an earlier run did the work.</summary>
    public bool IsFromCache => Source != ResultSource.Made;

    /// <summary>What to keep of it.</summary>
    internal RunFindings Found { get; init; } = new(Report, new Measurements([]));
}

/// <summary>The whole story, top to bottom: read, rewrite, write aside, measure, judge, accept or reject, report.</summary>
/// <param name="engine">What folds constants and measures.</param>
/// <param name="diagnostics">Takes what is worth telling on the way; broken budgets among it.</param>
/// <param name="progress">Told the step at work: <c>quantize-weights</c>, <c>evaluate</c>.</param>
public sealed class Optimizer(IInferenceEngine engine, DiagnosticBag diagnostics, IProgress<string>? progress = null)
{
    /// <summary>The product's version, as reports state it.</summary>
    public static string Version { get; } = typeof(Optimizer).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Optimizes one model.</summary>
    /// <exception cref="DiagnosticException">The model, data or output place can't be used; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted between two steps or samples; nothing was written.</exception>
    public OptimizationResult Run(OptimizationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        progress?.Report("load");
        var original = ModelProblems.Guard(() => OnnxModel.Load(request.ModelPath), request.ModelLocation);
        var originalFiles = SavedModel.SourceOf(original)!;
        var output = new OutputFiles(request.OutputPath);
        output.RefuseToReplace(originalFiles);
        ReviewCalibration(original, request.Profile);
        var originalDigests = Cores.Start(() => FileDigest.Of(originalFiles));
        var calibration = Calibration(request.Profile, originalDigests, cancellation);

        var candidate = original.Clone();
        var goals = new GoalKeeper(original, request.Profile.Evaluate, progress, cancellation);
        var steps = StepMeter.For(request.Profile, engine, original, progress, cancellation);
        var log = Rewrite(candidate, request, goals, steps, calibration, cancellation);
        ModelReview.Report(original, candidate, diagnostics);

        progress?.Report("write");
        using var staged = ModelProblems.Guard(() => StagedModel.Write(candidate, output), new SourceLocation(request.OutputPath));

        progress?.Report("evaluate");
        var measurements = Measure(original, candidate, staged, request, cancellation);
        SlownessReview.ReportSlower(measurements, log, request.Profile, diagnostics);
        progress?.Report("trace");
        var trace = new ValueTracer(engine, diagnostics).Trace(original, candidate, request.Profile, cancellation);
        var operators = request.ProfileOperators ? ProfileOperators(original, candidate, log, request, measurements, cancellation) : null;
        if (operators is { Comparison: var timed })
            measurements = SlownessReview.WithWorst(measurements, timed);
        var meetsGoals = KeepsSizeBudgets(request.Profile, log, FileDigest.Bytes(staged.Files)) && !goals.IsAnyMissed;
        var account = Account(new(original, candidate, log, goals, steps), measurements, trace, operators,
            ReportBuilder.Model(original, originalDigests.Result, FileDigest.Bytes(originalFiles)),
            ReportBuilder.Model(candidate, FileDigest.Of(staged.Files), FileDigest.Bytes(staged.Files)));
        var ending = new RunEnding(request, new RunFindings(account, measurements)
        {
            Diagnostics = [.. diagnostics.Diagnostics],
            MeetsGoals = meetsGoals,
            Ranges = calibration?.ToFile()?.ToJson(),
        });
        foreach (var broken in ending.Broken)
            diagnostics.Report(broken);
        return ending.Settle(staged, output);
    }

    private OptimizationReport Account(Work work, Measurements measurements, TraceReport? trace,
        (OperatorComparison Comparison, BenchSamples Samples)? operators, ModelReport before, ModelReport after) => new()
        {
            Tool = new ToolReport(Version, engine.Description),
            Original = before,
            Result = after,
            Passes = work.Log.Runs,
            Rewrites = ReportBuilder.Rewrites(work.Log),
            Refusals = work.Log.Refusals,
            Weights = ReportBuilder.Weights(work.Log),
            MixedPrecision = work.Goals.Reports.Count == 0 ? null : work.Goals.Reports,
            PruningSearches = work.Goals.Pruning.Count == 0 ? null : work.Goals.Pruning,
            Steps = work.Steps?.Finish(work.Candidate, measurements, before, after),
            SizeBudgets = work.Log.SizeBudgets.Count == 0 ? null : work.Log.SizeBudgets,
            Quantized = work.Log.Nodes,
            Activations = work.Log.Values,
            Initializers = InitializerSizes.Of(work.Original, work.Candidate, work.Log),
            Trace = trace,
            Operators = operators is { } profiled ? ReportBuilder.Operators(profiled.Comparison, profiled.Samples.Source) : null,
            // The ending fills these in.
            Accepted = false,
            Profile = [],
            Metrics = [],
            Budget = [],
            Diagnostics = [],
        };

    /// <summary>Data that nothing learns from is a misunderstanding worth clearing up, and data that does not fit the model is a mistake all the same.</summary>
    /// <exception cref="DiagnosticException">The data is missing or does not fit.</exception>
    private void ReviewCalibration(OnnxModel original, OptimizationProfile profile)
    {
        if (profile.Calibration is not { } calibration)
            return;
        var first = DataRequest.For(original) with { Limit = 1 };
        if (calibration.NamesData)
            _ = new DataSet(calibration, first).Read().First();
        if (profile.Passes.Any(settings => PassRegistry.Create(settings.Name, settings.Options) is ICalibratedPass { LearnsFromData: true }))
            return;
        diagnostics.Report(new Diagnostic(DiagnosticCatalog.CalibrationUnused, "The profile has 'calibration:', but none of its passes learns from data",
            calibration.Location));
    }

    private CalibrationData? Calibration(OptimizationProfile profile, Task<IReadOnlyList<FileReport>> original, CancellationToken cancellation) =>
        profile.Calibration is not { } settings ? null : new CalibrationData(engine, settings)
        {
            Diagnostics = diagnostics,
            Progress = progress,
            Cancellation = cancellation,
            ModelDigest = () => string.Join('-', original.Result.Select(file => file.Sha256)),
        };

    private RewriteLog Rewrite(OnnxModel candidate, OptimizationRequest request, GoalKeeper goals, StepMeter? steps, CalibrationData? calibration,
        CancellationToken cancellation)
    {
        var log = new RewriteLog(request.MaxRewrites);
        var context = new PassContext(candidate, log, engine, diagnostics)
        {
            Calibration = calibration,
            OutputName = Path.GetFileName(new OutputFiles(request.OutputPath).Model),
            Narrowed = steps is null ? null : pass => steps.BeforeRecovery(pass, candidate),
        };
        foreach (var (step, settings) in request.Profile.Passes.Index())
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(settings.Name);
            calibration?.Begin(settings, step);
            var pass = PassRegistry.Create(settings.Name, settings.Options);
            SelectionReview.ReportUnmatched(pass, candidate, context.Original, settings, diagnostics);
            steps?.Before(settings, step == 0 ? null : request.Profile.Passes[step - 1], candidate);
            var decided = log.Weights.Count;
            if (settings.Options is QuantizationOptions { Accuracy: not null } options)
                pass = goals.Restrict(context, settings, options);
            if (settings.Options is PruneOptions { Accuracy: not null } pruning)
                pass = goals.Restrict(context, settings, pruning);
            PassRunner.Run(context, pass);
            SelectionReview.ReportFruitless(pass, log, decided, settings, diagnostics);
            steps?.After(settings, candidate);
        }
        SelectionReview.ReportFruitlessPreset(request.Profile.Passes, log, diagnostics);
        PassRunner.ReportLimit(context);
        context.RefreshDeclarations();
        return log;
    }

    private Measurements Measure(OnnxModel original, OnnxModel candidate, StagedModel staged, OptimizationRequest request, CancellationToken cancellation) =>
        new Evaluator(engine, diagnostics).Measure(original, candidate, new EvaluationRequest
        {
            Settings = request.Profile.Evaluate,
            AlsoMeasure = [.. request.Profile.Budget.Select(limit => limit.Metric)],
            CandidateFiles = staged.Files,
        }, cancellation);

    /// <summary>On the data of <c>evaluate:</c> or, without, of <c>calibration:</c>.</summary>
    /// <returns>Null when the model runs on nothing that could be made up: that is told, and the result stands.</returns>
    private (OperatorComparison Comparison, BenchSamples Samples)? ProfileOperators(OnnxModel original, OnnxModel candidate, RewriteLog log,
        OptimizationRequest request, Measurements measurements, CancellationToken cancellation)
    {
        progress?.Report("profile operators");
        var (evaluate, calibration) = (request.Profile.Evaluate, request.Profile.Calibration);
        DataSettings settings = evaluate is { NamesData: true } || calibration is null ? evaluate ?? new EvaluateSettings() : calibration;
        (OperatorComparison Comparison, BenchSamples Samples) profiled;
        try
        {
            profiled = new OperatorProfiler(engine).Compare(original, candidate, settings, cancellation);
        }
        catch (DiagnosticException e) when (!settings.NamesData && e.Diagnostics.All(one => one.Descriptor == DiagnosticCatalog.RunFailed))
        {
            foreach (var problem in e.Diagnostics)
                diagnostics.Report(problem with { Severity = Severity.Warning, Message = $"Operators were not timed. {problem.Message}" });
            return null;
        }
        if (profiled.Samples.IsGenerated)
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.TimedOnGeneratedInputs,
                $"Operators were timed on {profiled.Samples.Source}; name real ones with 'evaluate: {{ data: FILE.npz }}'"));
        SlownessReview.ReportProfiled(profiled.Comparison, original, log, measurements, request.Profile, diagnostics);
        return profiled;
    }

    /// <summary>Passes below may undo what quantize-weights brought about for its size budget.</summary>
    private bool KeepsSizeBudgets(OptimizationProfile profile, RewriteLog log, long bytes)
    {
        if (log.IsFull)
            return true;
        var broken = profile.Passes.Index()
            .Where(pass => pass.Item.Options is QuantizeWeightsOptions { Budget: { } budget } && bytes > budget.Bytes).ToList();
        foreach (var (place, pass) in broken)
        {
            var options = (QuantizeWeightsOptions)pass.Options!;
            var (allowed, last) = (options.Budget!.Value.Bytes, place == profile.Passes.Count - 1);
            diagnostics.Report(new Diagnostic(DiagnosticCatalog.SizeBudgetMissed,
                FormattableString.Invariant($"The result takes {bytes:N0} bytes, more than the budget of quantize-weights, {allowed:N0} bytes: ")
                + (last
                    ? FormattableString.Invariant($"the file came out {bytes - allowed:N0} bytes larger than it was counted. Give it that much less")
                    : "passes below it made the model larger. Put it last"), options.Location));
        }
        return broken.Count == 0;
    }

    private sealed record Work(OnnxModel Original, OnnxModel Candidate, RewriteLog Log, GoalKeeper Goals, StepMeter? Steps);
}
