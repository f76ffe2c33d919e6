using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Reporting;

/// <summary>Reads reports that runs left behind: <c>NAME.report.json</c>.</summary>
public static class ReportReader
{
    /// <summary>Refuses null, and what is left out, where reports always say something.</summary>
    private static readonly JsonSerializerOptions Strict = new(ReportJson.Default.Options)
    {
        RespectNullableAnnotations = true,
        TypeInfoResolver = ReportJson.Default.WithAddedModifier(RequireWhatIsNeverNull),
    };

    /// <exception cref="DiagnosticException">The file can't be read, is no report, or is one of a newer version.</exception>
    public static OptimizationReport Read(string path)
    {
        var content = Text(path);
        if (VersionOf(content) is not { } version)
            throw NoReport(path, "it is no JSON object with 'schemaVersion'");
        if (version > OptimizationReport.NewestSchema)
            throw NoReport(path,
                $"its schema version is {version}, and this version of the tool reads up to {OptimizationReport.NewestSchema}: use a newer one");
        try
        {
            return JsonSerializer.Deserialize(content, (JsonTypeInfo<OptimizationReport>)Strict.GetTypeInfo(typeof(OptimizationReport)))!;
        }
        catch (JsonException e)
        {
            throw NoReport(path, e.Message);
        }
    }

    private static void RequireWhatIsNeverNull(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
            if (property.AssociatedParameter is { IsNullable: false, HasDefaultValue: false } && !property.PropertyType.IsValueType)
                property.IsRequired = true;
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(DiagnosticCatalog.CannotRead, $"The report can't be read: {e.Message}", new SourceLocation(path));
        }
    }

    private static int? VersionOf(string content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("schemaVersion", out var version)
                && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DiagnosticException NoReport(string path, string why) => new(DiagnosticCatalog.NotAReport,
        $"The file is not a report of 'optimize': {why}. Name a NAME.report.json that lies beside a result", new SourceLocation(path));
}
