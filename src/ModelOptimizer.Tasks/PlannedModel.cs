using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks;

/// <summary>One model of the plan.</summary>
internal sealed class PlannedModel(JsonElement json)
{
    private static readonly string[] EmbedKeys = ["as", "compression", "class", "namespace", "logicalName", "link"];

    public string Name => Text("name");

    public IEnumerable<string> Inputs => Texts("inputs");

    /// <summary>Files, folders and globs of data.</summary>
    public IEnumerable<string> Data => Texts("data");

    /// <summary>Everything that the plan says of it.</summary>
    public string Content => json.GetRawText();

    /// <summary>The model as an item: the output's full path, with full paths and embed settings as metadata.</summary>
    public ITaskItem ToItem(string projectDirectory, string planFolder, bool withAccessor)
    {
        var embed = json.GetProperty("embed");
        var isEmbedded = embed.GetProperty("as").GetString() != "None";
        var item = new TaskItem(Escape(Path.Combine(planFolder, Text("output"))));
        Set("ModelName", Name);
        Set("Original", Full(projectDirectory, Text("model")));
        Set("Profile", Full(projectDirectory, Text("profile")));
        Set("Report", Path.Combine(planFolder, Text("report")));
        Set("Ranges", Path.Combine(planFolder, Name + ".ranges.json"));
        Set("Accessor", Path.Combine(planFolder, Text("accessor")));
        Set("Resource", Path.Combine(planFolder, embed.GetProperty("resource").GetString()!));
        var outputs = new[] { item.GetMetadata("FullPath"), item.GetMetadata("Resource"),
            withAccessor && isEmbedded ? item.GetMetadata("Accessor") : "" };
        item.SetMetadata("Outputs", string.Join(";", outputs.Where(path => path.Length > 0).Distinct().Select(Escape)));
        Set("InputsFile", InputsFile.PathOf(planFolder, Name));
        foreach (var key in EmbedKeys)
            Set("Embed" + char.ToUpperInvariant(key[0]) + key.Substring(1), embed.GetProperty(key).GetString()!);
        return item;

        void Set(string name, string value) => item.SetMetadata(name, Escape(value));
    }

    private static string Full(string folder, string path) => Path.GetFullPath(Path.Combine(folder, path));

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

    private string Text(string name) => json.GetProperty(name).GetString()!;

    private IEnumerable<string> Texts(string name) => json.GetProperty(name).EnumerateArray().Select(element => element.GetString()!);
}
