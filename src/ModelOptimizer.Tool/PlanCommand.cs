using System.CommandLine;
using ModelOptimizer.Embedding;

namespace ModelOptimizer.Tool;

/// <summary><c>plan REQUEST</c>: which models a project has and how each is made and embedded, for the build to remember.</summary>
internal static class PlanCommand
{
    public static ToolCommand Create()
    {
        var request = new Argument<string>("REQUEST") { Description = "The project's items and profiles, as the build writes them (JSON)" };
        var output = new Option<string>("--output", "-o") { Description = "Where the plan goes", Required = true };
        return new ToolCommand("plan", "Write down which models a project has and how each is made, for a build to remember",
            "plan obj/app.request.json -o obj/app.plan.json")
        {
            request,
            output,
        }.Does((parsed, context) => Run(parsed.GetValue(request)!, parsed.GetValue(output)!, context));
    }

    private static void Run(string request, string output, CommandContext context)
    {
        if (new Planner(context).Plan(PlanFiles.ReadRequest(request)) is not { } plan)
            return;
        PlanFiles.Write(plan, output);
        context.Say($"{plan.Models.Count} planned: {string.Join(", ", plan.Models.Select(model => model.Name))}");
    }
}
