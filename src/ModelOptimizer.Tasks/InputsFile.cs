using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Everything that a model's outputs depend on, as text in <c>NAME.inputs</c>. It is written only when it differs, so its time tells MSBuild
/// whether to optimize: also after a file was replaced by an older one, taken away, or another setting chosen, which times of inputs can't tell.
/// </summary>
internal static class InputsFile
{
    public static string PathOf(string planFolder, string modelName) => Path.Combine(planFolder, modelName + ".inputs");

    public static void Update(PlannedModel model, PlanModels task, string fingerprint)
    {
        var path = PathOf(Path.GetDirectoryName(task.Plan)!, model.Name);
        var content = Content(model, task, fingerprint);
        if (!File.Exists(path) || File.ReadAllText(path) != content)
            File.WriteAllText(path, content, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    private static string Content(PlannedModel model, PlanModels task, string fingerprint)
    {
        var lines = new List<string> { fingerprint, model.Content };
        lines.AddRange(task.Settings);
        lines.AddRange(task.Variables);
        lines.AddRange(model.Inputs.Select(file => FileStamp.Of(Path.Combine(task.ProjectDirectory, file), file)));
        foreach (var data in model.Data)
            lines.AddRange(DataFiles(task.ProjectDirectory, data));
        return string.Join("\n", lines) + "\n";
    }

    private static IEnumerable<string> DataFiles(string projectDirectory, string data)
    {
        var path = Path.GetFullPath(Path.Combine(projectDirectory, data));
        return DataGlob.Expand(path).Select(file => FileStamp.Of(file, $"{data}: {file.Substring(Math.Min(file.Length, projectDirectory.Length))}"));
    }
}
