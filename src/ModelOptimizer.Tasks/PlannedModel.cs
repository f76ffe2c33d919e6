using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace ModelOptimizer.Tasks;

/// <summary>One model of the plan.</summary>
internal sealed class PlannedModel(JsonElement json)
{
    private const string EmbedKey = "embed";

    public string Name => Text("name");

    /// <summary>The original, relative to the project's folder.</summary>
    public string Original => Text("model");

    /// <summary>Its profile, relative to the project's folder.</summary>
    public string Profile => Text("profile");

    public string Output => Text("output");

    public string Accessor => Text("accessor");

    public bool IsEmbedded => Embed("as") != "None";

    public IEnumerable<string> Inputs => Texts("inputs");

    /// <summary>Files, folders and globs of data.</summary>
    public IEnumerable<string> Data => Texts("data");

    /// <summary>All that the plan says of how it is made.</summary>
    public string MadeBy => string.Join(",", json.EnumerateObject().Where(property => property.Name != EmbedKey).Select(property => property.ToString()));

    /// <summary>All that the plan says of how it is embedded.</summary>
    public string EmbeddedBy => json.GetProperty(EmbedKey).GetRawText();

    public string Embed(string key) => json.GetProperty(EmbedKey).GetProperty(key).GetString()!;

    private string Text(string name) => json.GetProperty(name).GetString()!;

    private IEnumerable<string> Texts(string name) => json.GetProperty(name).EnumerateArray().Select(element => element.GetString()!);
}
