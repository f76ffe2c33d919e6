using System.CommandLine;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tool;

/// <summary><c>inspect MODEL</c>: what a model is made of.</summary>
internal static class InspectCommand
{
    public static ToolCommand Create()
    {
        var model = Arguments.Model();
        var all = new Option<bool>("--all") { Description = "List every operator and weight, not only the biggest" };
        return new ToolCommand("inspect", "Say what a model is made of: opsets, signature, size by operator and by weight",
            "inspect model.onnx",
            "inspect model.onnx --all",
            "inspect model.onnx --json")
        {
            model,
            all,
        }.Does((parsed, context) => Run(parsed.GetValue(model)!, parsed.GetValue(all), context));
    }

    private static void Run(string path, bool all, CommandContext context)
    {
        var inspection = ModelInspector.Inspect(OnnxModel.Load(path), path);
        if (context.IsJson)
            context.WriteJson(inspection, ToolJson.Readable.ModelInspection);
        else
            new InspectionText(context, inspection, all).Write();
    }
}
