using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelOptimizer.Reporting;

/// <summary>Writes reports as JSON.</summary>
public static class ReportWriter
{
    /// <summary>Writes the report whole or not at all, also when several runs write to one place.</summary>
    public static void Write(OptimizationReport report, string path) => WholeFile.Write(path, ToJson(report));

    /// <summary>The report as indented UTF-8 JSON with a line break at the end.</summary>
    public static byte[] ToJson(OptimizationReport report) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(report, ReportJson.Readable.OptimizationReport), (byte)'\n'];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    NewLine = "\n",
    WriteIndented = true)]
[JsonSerializable(typeof(OptimizationReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Names of nodes are full of slashes and quotes: escaped only as JSON itself asks.</summary>
    public static ReportJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
