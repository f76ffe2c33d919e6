using System.CommandLine;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>init MODEL</c>: writes a first profile, with comments that say what else there is.</summary>
internal static class InitCommand
{
    public static ToolCommand Create()
    {
        var model = Arguments.Model();
        var output = new Option<string>("--output", "-o")
        {
            Description = "The profile to write",
            HelpName = "FILE",
            DefaultValueFactory = _ => ProfileChoice.DefaultFile,
        };
        var force = new Option<bool>("--force", "-f") { Description = "Replace the file when it exists" };
        var noSchema = new Option<bool>("--no-schema") { Description = $"Don't write {ProfileSchema.FileName}, by which editors complete the profile, beside it" };
        return new ToolCommand("init", "Write a first profile for a model, with comments",
            "init model.onnx",
            "init model.onnx -o model.model-opt.yaml")
        {
            model,
            output,
            force,
            noSchema,
        }.Does((parsed, context) => Run(parsed.GetValue(model)!, parsed.GetValue(output)!, parsed.GetValue(force), !parsed.GetValue(noSchema), context));
    }

    private static void Run(string model, string output, bool force, bool withSchema, CommandContext context)
    {
        var profile = ProfileTemplate.For(OnnxModel.Load(model), RelativeTo(output, model), new OnnxRuntimeEngine());
        if (File.Exists(output) && !force)
            throw new UsageException($"{output} exists; name another file with -o, or replace it with --force");
        TextFiles.Write(output, profile);
        // The first line of the profile names it. One of an older version would complain of what is right.
        if (withSchema)
            TextFiles.Write(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(output))!, ProfileSchema.FileName), ProfileSchema.Text);
        if (context.IsJson)
            context.WriteJson(new InitOutcome(1, output, profile), ToolJson.Readable.InitOutcome);
        else if (context.IsText)
            context.Streams.Out.WriteLine(output);
        context.Say($"Next: '{CommandLine.Name} optimize -p {output}'."
            + (withSchema ? $" Editors complete it by {ProfileSchema.FileName} beside it." : ""));
    }

    /// <summary>A model's path as a profile says it.</summary>
    private static string RelativeTo(string profile, string model) =>
        Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(profile))!, Path.GetFullPath(model)).Replace('\\', '/');
}

/// <summary>The JSON of <c>init</c>.</summary>
internal sealed record InitOutcome(int SchemaVersion, string File, string Profile);
