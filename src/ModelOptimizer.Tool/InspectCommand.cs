using System.CommandLine;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Tool;

/// <summary><c>inspect MODEL</c>: what a model is made of.</summary>
internal static class InspectCommand
{
    public static ToolCommand Create()
    {
        var model = Arguments.Model();
        var all = new Option<bool>("--all") { Description = "List every operator and weight, not only the biggest" };
        var passes = new Option<bool>("--passes") { Description = "Say what each pass without loss would do to it by itself, instead" };
        return new ToolCommand("inspect", "Say what a model is made of: opsets, signature, size by operator and by weight",
            "inspect model.onnx",
            "inspect model.onnx --all",
            "inspect model.onnx --passes",
            "inspect model.onnx --json")
        {
            model,
            all,
            passes,
        }.Does((parsed, context) => Run(parsed.GetValue(model)!, parsed.GetValue(all), parsed.GetValue(passes), context));
    }

    private static void Run(string path, bool all, bool withPasses, CommandContext context)
    {
        var model = OnnxModel.Load(path);
        var inspection = ModelInspector.Inspect(model, path);
        if (withPasses)
            inspection = inspection with { Passes = ProgressReporter.Run(context, progress => Try(model, progress)) };
        if (context.IsJson)
            context.WriteJson(inspection, ToolJson.Readable.ModelInspection);
        else
            new InspectionText(context, inspection, all).Write();
    }

    private static List<PassInspection> Try(OnnxModel model, IProgress<string> progress)
    {
        var previews = new List<PassInspection>();
        foreach (var preview in PassPreview.All(model, new OnnxRuntimeEngine()))
        {
            progress.Report(preview.Pass);
            previews.Add(PassInspection.Of(preview));
        }
        return previews;
    }
}
