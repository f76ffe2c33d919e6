using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks;

/// <summary>A planned model as an item for the targets: the file to embed, with full paths and embed settings as metadata.</summary>
internal static class PlannedModelItem
{
    private static readonly string[] EmbedKeys = ["as", "compression", "class", "namespace", "logicalName", "link"];

    public static ITaskItem Of(PlannedModel model, ModelFiles files, string projectDirectory)
    {
        var item = new TaskItem(Escape(files.Embedded));
        Set("ModelName", model.Name);
        Set("Original", Full(model.Original));
        Set("Profile", Full(model.Profile));
        Set("Optimized", files.Optimized);
        Set("InputsFile", files.Inputs);
        Set("OutputsFile", files.Outputs);
        Set("Resource", files.Resource);
        Set("Accessor", files.Accessor);
        Set("EmbedFolder", files.EmbedFolder);
        Set("EmbedInputsFile", files.EmbedInputs);
        Set("EmbedOutputsFile", files.EmbedOutputs);
        SetAll("Files", files.All);
        SetAll("Watched", model.Inputs.Select(Full).Where(File.Exists));
        foreach (var key in EmbedKeys)
            Set("Embed" + char.ToUpperInvariant(key[0]) + key.Substring(1), model.Embed(key));
        return item;

        void SetAll(string name, IEnumerable<string> paths) => item.SetMetadata(name, string.Join(";", paths.Select(Escape)));
        void Set(string name, string value) => item.SetMetadata(name, Escape(value));
        string Full(string path) => Path.GetFullPath(Path.Combine(projectDirectory, path));
    }

    /// <summary>As MSBuild wants values whose characters mean nothing but themselves.</summary>
    private static string Escape(string value)
    {
        var escaped = new StringBuilder(value.Length);
        foreach (var c in value)
            if ("%;*?@$()'".IndexOf(c) >= 0)
                escaped.Append('%').Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            else
                escaped.Append(c);
        return escaped.ToString();
    }
}
