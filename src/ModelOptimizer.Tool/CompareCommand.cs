using System.CommandLine;
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

    public static ToolCommand Create() => new CompareCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("compare", "Say what differs between two models: size, nodes, signature, and metrics on data",
            "compare model.onnx small.onnx",
            "compare model.onnx small.onnx --data validation.npz --labels labels",
            "compare model.onnx small.onnx --data validation.npz --metrics latency-ratio")
        {
            _original,
            _result,
        };
        _data.AddTo(command);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        var (originalPath, resultPath) = (parsed.GetValue(_original)!, parsed.GetValue(_result)!);
        var settings = _data.Read(parsed);
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
