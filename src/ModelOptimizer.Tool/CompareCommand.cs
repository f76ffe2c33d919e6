using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>compare A B</c>: what differs between two models.</summary>
internal sealed class CompareCommand
{
    private readonly Argument<string> _original = Arguments.Model("A", "The original model");
    private readonly Argument<string> _result = Arguments.Model("B", "The model to judge");
    private readonly DataOptions _data = new();
    private readonly VariableOptions _variables = new();

    private readonly Option<string?> _profile = new("--profile", "-p")
    {
        Description = "Take data and metrics from 'evaluate:' of this profile. There may be pictures and texts, too",
        HelpName = "FILE",
    };

    public static ToolCommand Create() => new CompareCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("compare", "Say what differs between two models: size, nodes, signature, and metrics on data",
            "compare model.onnx small.onnx",
            "compare model.onnx small.onnx --data validation.npz --labels labels",
            "compare model.onnx small.onnx --data validation.npz --metrics latency-ratio",
            "compare model.onnx small.onnx -p model-opt.yaml")
        {
            _original,
            _result,
            _profile,
        };
        _variables.AddTo(command);
        _data.AddTo(command);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        var (originalPath, resultPath) = (parsed.GetValue(_original)!, parsed.GetValue(_result)!);
        var profile = parsed.GetValue(_profile) is { } file ? ProfileChoice.Read(file, _variables.Read(parsed)) : null;
        var settings = _data.Read(parsed, profile?.Evaluate);
        if (profile is not null && settings is not { NamesData: true })
            throw new DiagnosticException(DiagnosticCatalog.NoDataNamed,
                "The profile names no data to compare on: give 'evaluate:' with 'data:', 'images:' or 'text:'",
                profile.Evaluate?.Location ?? new SourceLocation(parsed.GetValue(_profile)!));
        var (original, result) = (OnnxModel.Load(originalPath), OnnxModel.Load(resultPath));
        var comparison = ModelComparison.Of(
            ModelInspector.Inspect(original, originalPath),
            ModelInspector.Inspect(result, resultPath),
            settings is null ? null : Measure(original, result, settings, context));
        if (context.IsJson)
            context.WriteJson(comparison, ToolJson.Readable.ModelComparison);
        else
            new ComparisonText(context, comparison).Write();
    }

    private static IReadOnlyList<MeasuredMetric> Measure(OnnxModel original, OnnxModel result, EvaluateSettings settings, CommandContext context)
    {
        var request = new EvaluationRequest { Settings = settings, CandidateFiles = result.Files() };
        return ProgressReporter.Run(context, progress =>
        {
            progress.Report("evaluate");
            var measurements = new Evaluator(new OnnxRuntimeEngine(), context).Measure(original, result, request, context.Cancellation);
            IgnoredArrays.Tell(context, measurements.IgnoredArrays);
            return MeasuredMetric.Of(measurements);
        });
    }
}
