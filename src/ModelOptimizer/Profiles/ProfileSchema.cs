using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

/// <summary>The JSON Schema (draft-07) of profiles, for editors: made from the declarations that the reader uses.</summary>
public static class ProfileSchema
{
    /// <summary>The name under which <c>init</c> refers to the schema and <c>schema</c> is usually saved.</summary>
    public const string FileName = "model-opt.schema.json";

    internal const string VariableReference = "#/definitions/variable";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as JSON text.</summary>
    public static string Text => Build(ProfileReader.Vocabulary).ToJsonString(Indented) + "\n";

    internal static JsonObject Build(ProfileVocabulary vocabulary)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "ModelOptimizer profile",
            ["description"] = "What to do with an ONNX model at build time, and what it must keep.",
        };
        foreach (var (key, value) in vocabulary.Root.Schema().ToList())
            schema[key] = value?.DeepClone();
        // Other required keys may come from what the profile extends.
        schema["required"] = new JsonArray(ProfileKeys.Version);
        schema["definitions"] = new JsonObject
        {
            ["variable"] = new JsonObject
            {
                ["description"] = "A value that the project passes: ${msbuild:Name}.",
                ["type"] = "string",
                ["pattern"] = Variables.Pattern,
            },
        };
        return schema;
    }
}
