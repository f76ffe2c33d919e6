using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Everything that a model's outputs depend on, as text in <c>NAME.inputs</c> and <c>NAME.embed-inputs</c>. These are written only when they differ,
/// so their times tell MSBuild whether to work: also after a file was replaced by an older one, taken away, or another setting chosen, which
/// times of the inputs themselves can't tell.
/// </summary>
internal sealed class InputsFiles(PlanModels task, string fingerprint)
{
    /// <summary>Many models may share one folder of data.</summary>
    private readonly Dictionary<string, string[]> _data = new(StringComparer.Ordinal);

    /// <summary>What outdates outputs: a file to write with its new content.</summary>
    public IEnumerable<(string Path, string Content)> Changed(PlannedModel model, ModelFiles files)
    {
        IEnumerable<(string Path, string Content)> wanted = task.IsOptimizing
            ? [(files.Inputs, OfOptimization(model)), (files.EmbedInputs, OfEmbedding(model))]
            : [(files.EmbedInputs, Text([OfEmbedding(model), .. FileStamps(model)]))];
        return wanted.Where(file => TextFile.TryRead(file.Path) != file.Content);
    }

    private string OfOptimization(PlannedModel model) =>
        Text([fingerprint, model.MadeBy, .. task.Variables, .. FileStamps(model), .. model.Data.SelectMany(DataStamps)]);

    private string OfEmbedding(PlannedModel model) => Text([fingerprint, model.EmbeddedBy, .. task.Settings]);

    private IEnumerable<string> FileStamps(PlannedModel model) =>
        model.Inputs.Select(file => FileStamp.Of(Path.Combine(task.ProjectDirectory, file), file));

    private string[] DataStamps(string data)
    {
        if (!_data.TryGetValue(data, out var stamps))
            _data[data] = stamps = [.. DataGlob.Expand(Path.GetFullPath(Path.Combine(task.ProjectDirectory, data)))
                .Select(file => FileStamp.Of(file, $"{data}: {file.Substring(Math.Min(file.Length, task.ProjectDirectory.Length))}"))];
        return stamps;
    }

    private static string Text(IEnumerable<string> lines) => string.Join("\n", lines) + "\n";
}
