using System.CommandLine;
using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;

namespace ModelOptimizer.Tool;

/// <summary><c>diagnose A B --data</c>: where a candidate loses precision, why, and what would mend it.</summary>
internal sealed class DiagnoseCommand
{
    private readonly Argument<string> _original = Arguments.Model("A", "The original model");
    private readonly Argument<string> _candidate = Arguments.Model("B", "The model made from it, by this tool or another");

    private readonly Option<string[]> _data = new("--data")
    {
        Description = ".npz, a folder of .npy, ONNX test_data_set_* folders, or .jsonl; one array per input",
        HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly ProfileData _profile = new();

    private readonly Option<int> _samples = new("--samples")
    {
        Description = "Samples used at most, from all over the data",
        HelpName = "N",
        DefaultValueFactory = _ => DiagnosisRequest.DefaultSamples,
        CustomParser = NumberParsers.Whole("--samples", minimum: 1),
    };

    private readonly Option<int> _threshold = new("--threshold")
    {
        Description = "In dB: a loss is big when its noise alone would leave no more",
        HelpName = "DB",
        DefaultValueFactory = _ => DiagnosisRequest.DefaultThreshold,
        CustomParser = NumberParsers.Whole("--threshold", minimum: 0),
    };

    private readonly Option<bool> _all = new("--all") { Description = "Show every value that was compared, in order of execution" };

    public static ToolCommand Create() => new DiagnoseCommand().Build();

    private ToolCommand Build()
    {
        var command = new ToolCommand("diagnose", "Say where a quantized model loses precision against its original, why, and what would mend it",
            "diagnose model.onnx small.onnx --data validation.npz",
            "diagnose model.onnx small.onnx --data validation.npz --threshold 30 --all",
            "diagnose model.onnx small.onnx -p model-opt.yaml")
        {
            _original, _candidate, _data,
        };
        _profile.AddTo(command);
        foreach (var option in new Option[] { _samples, _threshold, _all })
            command.Options.Add(option);
        return command.Does(Run);
    }

    private void Run(ParseResult parsed, CommandContext context)
    {
        var data = _profile.Read(parsed, _data)
            ?? throw new UsageException("diagnose needs data: --data PATH, or -p PROFILE with 'evaluate:' or 'calibration:'");
        var request = new DiagnosisRequest(data) { Samples = parsed.GetValue(_samples), Threshold = parsed.GetValue(_threshold) };
        var (original, candidate) = (OnnxModel.Load(parsed.GetValue(_original)!), OnnxModel.Load(parsed.GetValue(_candidate)!));
        var diagnosis = ProgressReporter.Run(context, progress =>
            new Diagnoser(new OnnxRuntimeEngine()).Run(original, candidate, request, progress, context.Cancellation));
        if (context.IsJson)
            context.WriteJson(DiagnosisOutcome.Of(diagnosis), ToolJson.Readable.DiagnosisOutcome);
        else
            new DiagnosisText(context, diagnosis, request.Threshold).Write(showAll: parsed.GetValue(_all));
    }
}
