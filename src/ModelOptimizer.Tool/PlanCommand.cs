using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Embedding;

namespace ModelOptimizer.Tool;

/// <summary><c>plan REQUEST</c>: which models a project has and how each is made and embedded, for the build to remember.</summary>
internal static class PlanCommand
{
    public static ToolCommand Create()
    {
        var request = new Argument<string>("REQUEST") { Description = "The project's items and profiles, as the build writes them (JSON)" };
        var output = new Option<string>("--output", "-o") { Description = "Where the plan goes", Required = true };
        var sarif = new SarifOptions();
        var command = new ToolCommand("plan", "Write down which models a project has and how each is made, for a build to remember",
            "plan obj/app.request.json -o obj/app.plan.json")
        {
            request,
            output,
        };
        foreach (var option in sarif.All)
            command.Options.Add(option);
        return command.Does((parsed, context) => Run(parsed, parsed.GetValue(request)!, parsed.GetValue(output)!, sarif, context));
    }

    /// <summary>A log is written also when nothing was found, so that none of an earlier plan stays.</summary>
    private static void Run(ParseResult parsed, string requestFile, string output, SarifOptions sarif, CommandContext context)
    {
        sarif.Check(parsed);
        var place = requestFile;
        try
        {
            var request = PlanFiles.ReadRequest(requestFile);
            place = request.ProjectFile ?? requestFile;
            Plan(request, output, context);
        }
        catch (DiagnosticException e)
        {
            foreach (var diagnostic in e.Diagnostics)
                context.Report(diagnostic);
        }
        sarif.Write(parsed, Path.GetFileName(place), place, context);
    }

    private static void Plan(PlanRequest request, string output, CommandContext context)
    {
        if (new Planner(context).Plan(request) is not { } plan)
            return;
        PlanFiles.Write(plan, output);
        context.Say($"{plan.Models.Count} planned: {string.Join(", ", plan.Models.Select(model => model.Name))}");
    }
}
