using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>What a run found out, without what the budget and the places in the profile make of it: those are of the day.</summary>
/// <param name="Report">The report as it was.</param>
/// <param name="Findings">All diagnostics but the budget's.</param>
/// <param name="Timed">Metrics that a clock measured.</param>
internal sealed record CachedRun(OptimizationReport Report, IReadOnlyList<CachedFinding> Findings, IReadOnlyList<string> Timed)
{
    private const string TimedThen = "timed when it was cached";

    /// <summary>What was measured besides the metrics of the report.</summary>
    public int Samples { get; init; }

    public bool HasOriginal { get; init; }

    public IReadOnlyList<string> Remarks { get; init; } = [];

    public IReadOnlyList<string> IgnoredArrays { get; init; } = [];

    /// <returns>Null when only this very run could tell what it told.</returns>
    public static CachedRun? Of(OptimizationResult result, RunPlaces places)
    {
        var findings = result.Found.Diagnostics.Where(CachedFinding.IsOfTheRun).Select(finding => CachedFinding.Of(finding, places)).ToList();
        var measured = result.Found.Measured;
        var timed = measured.All.Where(one => one.Spread is not null).Select(one => one.Metric);
        return findings.Contains(null) ? null : new(result.Report, findings!, [.. timed])
        {
            Samples = measured.Samples,
            HasOriginal = measured.HasOriginal,
            Remarks = measured.Remarks,
            IgnoredArrays = measured.IgnoredArrays,
        };
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CacheJson.Readable.CachedRun);

    /// <exception cref="PoisonedEntryException">The bytes are something else.</exception>
    public static CachedRun Read(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (HasHoles(document.RootElement))
                throw new JsonException();
            return document.Deserialize(CacheJson.Readable.CachedRun) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new PoisonedEntryException("its account of the run can't be read");
        }
    }

    /// <summary>Lists have no nulls, which no reader of them expects and the deserializer lets pass.</summary>
    private static bool HasHoles(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.Null || HasHoles(item)),
        JsonValueKind.Object => json.EnumerateObject().Any(property => HasHoles(property.Value)),
        _ => false,
    };

    /// <summary>The measurements as they were. What a clock measured says so: it was another run's clock.</summary>
    public Measurements Measurements() => new([.. Report.Metrics.Select(Measurement)])
    {
        Samples = Samples,
        HasOriginal = HasOriginal,
        Remarks = Remarks,
        IgnoredArrays = IgnoredArrays,
    };

    private Measurement Measurement(MetricReport metric)
    {
        var declaration = MetricCatalog.Find(metric.Metric) ?? throw new PoisonedEntryException($"it has a metric '{metric.Metric}'");
        return new(declaration, metric.Original, metric.Result)
        {
            Output = metric.Output,
            Remark = !Timed.Contains(metric.Metric) ? metric.Remark : metric.Remark is { } said ? $"{said}, {TimedThen}" : TimedThen,
        };
    }
}

/// <summary>One diagnostic of a run, at a place that lasts.</summary>
internal sealed record CachedFinding(string Code, Severity Severity, string Message, RunPlace? Place)
{
    /// <summary>Full disks and the like befell the run and are no property of its result.</summary>
    public static bool IsOfTheRun(Diagnostic finding) => finding.Descriptor.Area != DiagnosticCatalog.CannotWrite.Area;

    /// <returns>Null for a place that a run elsewhere may lack.</returns>
    public static CachedFinding? Of(Diagnostic finding, RunPlaces places)
    {
        var place = finding.Location is { } location ? places.Find(location) : null;
        return finding.Location is not null && place is null ? null : new(finding.Code, finding.Severity, finding.Message, place);
    }

    /// <exception cref="PoisonedEntryException">There is no such diagnostic, or no such place.</exception>
    public Diagnostic At(RunPlaces places) =>
        new(DiagnosticCatalog.All.GetValueOrDefault(Code) ?? throw new PoisonedEntryException($"it tells of '{Code}'"), Message,
            Place is null ? null : places.Resolve(Place)) { Severity = Severity };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(CachedRun))]
internal sealed partial class CacheJson : JsonSerializerContext
{
    public static CacheJson Readable => field ??=
        new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
