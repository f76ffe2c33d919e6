using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Embedding;

/// <summary>Reads and writes requests and plans.</summary>
public static class PlanFiles
{
    /// <exception cref="DiagnosticException">The file is missing or not a request.</exception>
    public static PlanRequest ReadRequest(string path) => Read(path, () =>
    {
        var bytes = File.ReadAllBytes(path);
        var request = JsonSerializer.Deserialize(bytes, PlanJson.Default.PlanRequest);
        return request is null ? null : request with { Digest = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
    });

    /// <exception cref="DiagnosticException">The file is missing or not a plan.</exception>
    public static ProjectPlan ReadPlan(string path) => Read(path, () => JsonSerializer.Deserialize(File.ReadAllBytes(path), PlanJson.Default.ProjectPlan));

    /// <summary>Writes a plan in one step, so that a build that is interrupted finds the old one or the new.</summary>
    public static void Write(ProjectPlan plan, string path) => WholeFile.Write(path, ToJson(plan));

    public static byte[] ToJson(ProjectPlan plan) => [.. JsonSerializer.SerializeToUtf8Bytes(plan, PlanJson.Readable.ProjectPlan), (byte)'\n'];

    private static T Read<T>(string path, Func<T?> parse)
    {
        try
        {
            return parse() ?? throw new JsonException("it holds null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(DiagnosticCatalog.CannotRead,
                $"'{Path.GetFileName(path)}' can't be read: {e.Message} Delete it and build again", new SourceLocation(path));
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    NewLine = "\n",
    WriteIndented = true)]
[JsonSerializable(typeof(PlanRequest))]
[JsonSerializable(typeof(ProjectPlan))]
internal sealed partial class PlanJson : JsonSerializerContext
{
    /// <summary>Paths in any language stay readable.</summary>
    public static PlanJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
