using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Build.Framework;

namespace ModelOptimizer.Tasks;

/// <summary>Writes down what the project says of its models: the tool reads it, and equal bytes mean that nothing was said anew.</summary>
internal static class PlanRequestWriter
{
    private static readonly (string Metadata, string Key)[] Metadata =
    [
        ("Profile", "profile"), ("EmbedAs", "embedAs"), ("ClassName", "className"), ("Namespace", "namespace"),
        ("LogicalName", "logicalName"), ("Compression", "compression"), ("Link", "link"),
        ("DependencyInjection", "dependencyInjection"),
    ];

    public static byte[] Write(PlanModels task, string fingerprint)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(json, task, fingerprint);
        return bytes.ToArray();
    }

    private static void Write(Utf8JsonWriter json, PlanModels task, string fingerprint)
    {
        json.WriteStartObject();
        json.WriteString("tool", fingerprint);
        json.WriteString("projectDirectory", task.ProjectDirectory);
        json.WriteString("projectFile", task.ProjectFile);
        json.WriteString("rootNamespace", task.RootNamespace);
        json.WriteStartArray("profiles");
        foreach (var profile in task.Profiles)
            json.WriteStringValue(profile.ItemSpec);
        json.WriteEndArray();
        json.WriteStartArray("models");
        foreach (var model in task.Models)
            Write(json, model);
        json.WriteEndArray();
        json.WriteStartObject("variables");
        foreach (var variable in ProfileVariables.Parse(task.Variables))
            json.WriteString(variable.Key, variable.Value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ITaskItem model)
    {
        json.WriteStartObject();
        json.WriteString("model", model.ItemSpec);
        foreach (var (metadata, key) in Metadata)
            if (model.GetMetadata(metadata) is { Length: > 0 } value)
                json.WriteString(key, value);
        json.WriteEndObject();
    }
}
