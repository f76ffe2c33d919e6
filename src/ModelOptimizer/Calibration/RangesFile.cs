using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Calibration;

/// <summary>Ranges that a build measured, so that another one without the data gives the same bytes.</summary>
/// <param name="SchemaVersion">The version of this format.</param>
/// <param name="Model">SHA-256 of the original model's files.</param>
/// <param name="Samples">How many samples were seen.</param>
/// <param name="Sections">What each pass learned, in order.</param>
internal sealed record RangesFile(int SchemaVersion, string Model, int Samples, IReadOnlyList<RangesSection> Sections)
{
    public const int CurrentVersion = 4;

    /// <returns>Null when an earlier version wrote the file: what it says is not enough.</returns>
    /// <exception cref="DiagnosticException">The file is missing, damaged or of a later version.</exception>
    public static RangesFile? Read(string path, SourceLocation? namedAt)
    {
        try
        {
            var content = File.ReadAllBytes(path);
            if (VersionOf(content) is > 0 and < CurrentVersion)
                return null;
            var file = JsonSerializer.Deserialize(content, RangesJson.Default.RangesFile) ?? throw new JsonException("It holds null.");
            return file is { SchemaVersion: CurrentVersion, Model: not null, Sections: not null } && file.Sections.All(section => section?.IsWhole == true)
                ? file
                : throw new JsonException($"It is no ranges file of version {CurrentVersion}.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DiagnosticException(DiagnosticCatalog.RangesUnreadable,
                $"'{path}' can't be read: {e.Message} Correct the path, or build once with 'data:' and take the NAME.ranges.json beside the result", namedAt ?? new SourceLocation(path));
        }
    }

    private static int? VersionOf(byte[] content)
    {
        using var document = JsonDocument.Parse(content);
        return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("schemaVersion", out var version)
            && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) ? number : null;
    }

    public void Write(string path) => WholeFile.Write(path, ToJson());

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, RangesJson.Readable.RangesFile), (byte)'\n'];
}

/// <summary>What one pass learned of one state of the model.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Step">Its place in the profile, from 0.</param>
/// <param name="State">How often the model had changed in it.</param>
/// <param name="Content">The model as it was then, as a digest: what passes before made of the original. For what depends on what
/// this pass does, too, a digest of that follows behind a hyphen.</param>
/// <param name="Constants">What the real numbers of its constants were like: nearly equal on every kind of CPU.</param>
/// <param name="Calibrator">How the ranges were found.</param>
internal sealed record RangesSection(string Pass, int Step, int State, string Content, string Constants, string Calibrator)
{
    /// <summary>Low and high of values by name; empty for one that was never computed.</summary>
    public SortedDictionary<string, float[]> Values { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The same of channels: all lows and highs in turn. Names end in <c>@axis</c>.</summary>
    public SortedDictionary<string, float[]> Channels { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Moments of channels by name of the value; null in sections of ranges.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SortedDictionary<string, ChannelMoments>? Moments { get; set; }

    /// <summary>What was chosen by the data, by a name that no version changes; null in other sections.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Choice { get; set; }

    [JsonIgnore]
    public bool IsEmpty => Values.Count + Channels.Count + (Moments?.Count ?? 0) == 0 && Choice is null;

    [JsonIgnore]
    public bool IsWhole => Pass is not null && Content is not null && Constants is not null && Calibrator is not null
        && Values is not null && Channels is not null
        && (Moments is null || Moments.Values.All(moments => moments?.IsWhole == true))
        && Values.Values.All(range => range is { Length: 0 or 2 }) && Channels.Values.All(ranges => ranges is not null && ranges.Length % 2 == 0);

    /// <summary>The ranges under a name; empty for what was never computed, null for what is not known.</summary>
    public IReadOnlyList<ValueRange>? Find(string name, int? axis)
    {
        var known = axis is { } index ? Channels.GetValueOrDefault($"{name}@{index}") : Values.GetValueOrDefault(name);
        return known is null ? null : [.. known.Chunk(2).Select(pair => new ValueRange(pair[0], pair[1]))];
    }

    public void Set(string name, int? axis, IReadOnlyList<ValueRange> ranges)
    {
        var numbers = ranges.SelectMany(range => new[] { range.Low, range.High }).ToArray();
        if (axis is { } index)
            Channels[$"{name}@{index}"] = numbers;
        else
            Values[name] = numbers;
    }

    public bool IsLike(RangesSection other) => IsLikeButForModel(other) && Content == other.Content
        && ConstantsDigest.AreAlike(Constants, other.Constants);

    public bool IsLikeButForModel(RangesSection other) => (Pass, Step, State, Calibrator) == (other.Pass, other.Step, other.State, other.Calibrator);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NewLine = "\n", WriteIndented = true)]
[JsonSerializable(typeof(RangesFile))]
internal sealed partial class RangesJson : JsonSerializerContext
{
    /// <summary>Names of values are full of slashes and quotes: escaped only as JSON itself asks.</summary>
    public static RangesJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
