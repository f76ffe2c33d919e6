using System.CommandLine;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;

namespace ModelOptimizer.Tool;

/// <summary><c>inspect MODEL</c>: what a model is made of.</summary>
internal static class InspectCommand
{
    private static readonly VariableOptions Variables = new();

    public static ToolCommand Create()
    {
        var model = Arguments.Model();
        var all = new Option<bool>("--all") { Description = "List every operator and weight, not only the biggest" };
        var passes = new Option<bool>("--passes")
        {
            Description = "Say what each pass without loss would do to it by itself, instead; with -p also those of a profile",
        };
        var prunable = new Option<bool>("--prunable")
        {
            Description = "List what pruning passes could take out: channels, neurons and heads, with parameters and FLOPs of each, instead",
        };
        var profile = new Option<string?>("--profile", "-p")
        {
            Description = "With --passes: try the passes of this profile as well, with its options and on its calibration data",
            HelpName = "FILE",
        };
        var command = new ToolCommand("inspect", "Say what a model is made of: opsets, signature, size by operator and by weight",
            "inspect model.onnx",
            "inspect model.onnx --all",
            "inspect model.onnx --passes",
            "inspect model.onnx --passes -p model-opt.yaml",
            "inspect model.onnx --prunable",
            "inspect model.onnx --json")
        {
            model,
            all,
            passes,
            prunable,
            profile,
        };
        Variables.AddTo(command);
        return command.Does((parsed, context) =>
        {
            var file = parsed.GetValue(profile);
            if (file is not null && !parsed.GetValue(passes))
                throw new UsageException("--profile belongs to --passes");
            if (parsed.GetValue(passes) && parsed.GetValue(prunable))
                throw new UsageException("--passes and --prunable each show something else: ask for one of them");
            var tried = file is null ? null : ProfileChoice.Read(file, Variables.Read(parsed));
            Run(parsed.GetValue(model)!, parsed.GetValue(all), parsed.GetValue(passes), parsed.GetValue(prunable), tried, context);
        });
    }

    private static void Run(string path, bool all, bool withPasses, bool withPruning, OptimizationProfile? profile, CommandContext context)
    {
        var model = OnnxModel.Load(path);
        var inspection = ModelInspector.Inspect(model, path);
        if (withPasses)
            inspection = inspection with { Passes = ProgressReporter.Run(context, progress => Try(model, profile, progress)) };
        if (withPruning)
            inspection = inspection with { Pruning = PruningPreview.Of(model, new OnnxRuntimeEngine()) };
        if (context.IsJson)
            context.WriteJson(inspection, ToolJson.Readable.ModelInspection);
        else
            new InspectionText(context, inspection, all).Write();
    }

    private static List<PassInspection> Try(OnnxModel model, OptimizationProfile? profile, IProgress<string> progress)
    {
        var previews = new List<PassInspection>();
        foreach (var preview in PassPreview.All(model, new OnnxRuntimeEngine(), profile))
        {
            progress.Report(preview.Pass);
            previews.Add(PassInspection.Of(preview));
        }
        return previews;
    }
}
