using System.CommandLine;
using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>evaluate MODEL</c>: how good a model is, and whether it keeps a profile's budget.</summary>
internal sealed class EvaluateCommand
{
    private readonly Argument<string> _model = Arguments.Model();
    private readonly DataOptions _data = new();
    private readonly VariableOptions _variables = new();

    private readonly Option<string?> _profile = new("--profile", "-p")
    {
        Description = "Take data, metrics and budget from this profile",
        HelpName = "FILE",
    };

    private readonly Option<string?> _original = new("--original")
    {
        Description = "The model to compare with; by default the profile's model",
        HelpName = "MODEL",
    };

    public static ToolCommand Create() => new EvaluateCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("evaluate", "Measure how good a model is on data, and hold it to a profile's budget",
            "evaluate model.onnx --data validation.npz --labels labels",
            "evaluate model.onnx --data validation.npz --metrics top-1 top-5",
            "evaluate small.onnx -p model-opt.yaml --original model.onnx")
        {
            _model,
            _profile,
            _original,
        };
        _variables.AddTo(command);
        _data.AddTo(command);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        var path = parsed.GetValue(_model)!;
        var profile = parsed.GetValue(_profile) is { } file ? ProfileChoice.Read(file, _variables.Read(parsed)) : null;
        if (_data.Read(parsed, profile?.Evaluate) is not { } settings)
            throw new UsageException("evaluate needs data: --data PATH, or -p PROFILE with 'evaluate:'");
        var limits = profile?.Budget ?? [];
        var request = new EvaluationRequest { Settings = settings, AlsoMeasure = [.. limits.Select(limit => limit.Metric)] };
        var measurements = Measure(path, parsed.GetValue(_original) ?? OriginalOf(profile, path), request, context);
        IgnoredArrays.Tell(context, measurements.IgnoredArrays);
        var verdicts = BudgetChecker.Check(limits, measurements);
        Write(new EvaluationOutcome(1, path, measurements.Samples, Judged(measurements, verdicts)), context);
        foreach (var broken in verdicts.Select(verdict => verdict.Diagnostic).OfType<Diagnostic>())
            context.Report(broken);
    }

    private static Measurements Measure(string path, string? originalPath, EvaluationRequest request, CommandContext context)
    {
        var model = OnnxModel.Load(path);
        request = request with { CandidateFiles = model.Files() };
        var evaluator = new Evaluator(new OnnxRuntimeEngine(), context);
        return ProgressReporter.Run(context, progress =>
        {
            progress.Report("evaluate");
            return originalPath is null
                ? evaluator.MeasureAlone(model, request, context.Cancellation)
                : evaluator.Measure(OnnxModel.Load(originalPath), model, request, context.Cancellation);
        });
    }

    /// <summary>The profile's model, unless that is the one to judge.</summary>
    private static string? OriginalOf(OptimizationProfile? profile, string path) =>
        profile?.Model is { } original && Path.GetFullPath(original) != Path.GetFullPath(path) ? original : null;

    private static IReadOnlyList<MeasuredMetric> Judged(Measurements measurements, IReadOnlyList<BudgetVerdict> verdicts) =>
    [
        .. MeasuredMetric.Of(measurements).Select(metric => metric with
        {
            Budget = verdicts.FirstOrDefault(verdict => verdict.Limit.Metric == metric.Metric) switch
            {
                null => null,
                { Passed: true } => "kept",
                { Limit.Severity: Severity.Error } => "broken",
                _ => "warning",
            },
        }),
    ];

    private static void Write(EvaluationOutcome outcome, CommandContext context)
    {
        if (context.IsJson)
            context.WriteJson(outcome, ToolJson.Readable.EvaluationOutcome);
        if (!context.IsText)
            return;
        context.Streams.Out.WriteLine($"{outcome.Model}, {Quantities.Count(outcome.Samples, "sample")}");
        MetricTable.Write(context, outcome.Metrics);
    }
}

/// <summary>The JSON of <c>evaluate</c>.</summary>
/// <param name="Samples">How many were run; 0 without data.</param>
internal sealed record EvaluationOutcome(int SchemaVersion, string Model, int Samples, IReadOnlyList<MeasuredMetric> Metrics);
