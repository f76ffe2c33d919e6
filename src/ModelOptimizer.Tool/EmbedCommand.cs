using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Embedding;
using ModelOptimizer.Runtimes;

namespace ModelOptimizer.Tool;

/// <summary><c>embed PLAN NAME</c>: the resource and the accessor of a planned model. Builds call it; people have no use for it.</summary>
internal static class EmbedCommand
{
    public static ToolCommand Create()
    {
        var plan = new Argument<string>("PLAN") { Description = "The project's plan" };
        var name = new Argument<string>("NAME") { Description = "The model's name in the plan" };
        var source = new Option<string>("--source") { Description = "The model to embed", Required = true };
        var folder = new Option<string?>("--folder") { Description = "Where resource and accessor go; by default beside the plan", HelpName = "FOLDER" };
        var accessor = new Option<bool>("--accessor") { Description = "Generate the C# accessor" };
        var runtime = new Option<bool>("--onnxruntime") { Description = "The project references ONNX Runtime" };
        var version = new Option<string?>("--onnxruntime-version") { Description = "Its version, which is to load the model", HelpName = "VERSION" };
        var services = new Option<bool>("--dependency-injection") { Description = "The project references the abstractions of dependency injection" };
        var nullable = new Option<bool>("--nullable") { Description = "The project's C# has nullable annotations" };
        var command = new ToolCommand("embed", "Write what a project embeds of a planned model: its resource and its accessor",
            "embed obj/app.plan.json langid --source obj/langid.onnx --accessor --nullable")
        {
            plan, name, source, folder, accessor, runtime, version, services, nullable,
        };
        command.Hidden = true;
        return command.Does((parsed, context) =>
        {
            var file = parsed.GetValue(plan)!;
            var planned = Find(file, parsed.GetValue(name)!);
            var hasRunner = RuntimeCheck.Parse(parsed.GetValue(version) ?? "") is not { } numbers || numbers >= AccessorSettings.RunnerSince;
            AccessorSettings Settings(ModelFacts facts) => new(planned.Name, Path.GetFileName(planned.Model), planned.Embed, facts)
            {
                HasOnnxRuntime = parsed.GetValue(runtime),
                HasRunner = hasRunner,
                HasDependencyInjection = parsed.GetValue(services),
                Nullable = parsed.GetValue(nullable),
            };
            if (ServicesCheck.Missing(planned, parsed.GetValue(accessor), parsed.GetValue(runtime) && hasRunner, parsed.GetValue(services)) is { } missing)
                context.Report(missing);
            var model = Embedder.Embed(planned, parsed.GetValue(source)!,
                parsed.GetValue(folder) ?? Path.GetDirectoryName(Path.GetFullPath(file))!,
                parsed.GetValue(accessor) ? Settings : null);
            if (parsed.GetValue(version) is { } known)
                foreach (var found in RuntimeCheck.Check(model, planned.Name, known, new SourceLocation(planned.Profile)))
                    context.Report(found);
        });
    }

    private static PlannedModel Find(string plan, string name) => PlanFiles.ReadPlan(plan).Models.FirstOrDefault(model => model.Name == name)
        ?? throw new DiagnosticException(DiagnosticCatalog.CannotRead,
            $"The plan has no model '{name}'. Delete it and build again", new SourceLocation(plan));
}
