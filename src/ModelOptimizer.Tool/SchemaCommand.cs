using System.CommandLine;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>schema</c>: the JSON Schema of profiles, for editors.</summary>
internal static class SchemaCommand
{
    public static ToolCommand Create()
    {
        var output = new Option<string?>("--output", "-o") { Description = "Write it to this file", HelpName = "FILE" };
        return new ToolCommand("schema", "Write the JSON Schema of profiles, which gives editors completion and hovers",
            $"schema -o {ProfileSchema.FileName}",
            "schema")
        {
            output,
        }.Does((parsed, context) => Run(parsed.GetValue(output), context));
    }

    private static void Run(string? output, CommandContext context)
    {
        if (output is null)
        {
            context.Streams.Out.Write(ProfileSchema.Text);
            return;
        }
        TextFiles.Write(output, ProfileSchema.Text);
        context.Say($"Wrote {output}; profiles that begin with '# yaml-language-server: $schema=./{Path.GetFileName(output)}' use it");
    }
}
