using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace ModelOptimizer.Tasks;

/// <summary>The plan as the tool wrote it: see <c>ModelOptimizer.Embedding.ProjectPlan</c>.</summary>
internal sealed class ProjectPlan
{
    private const int Version = 1;

    private readonly JsonElement _json;

    private ProjectPlan(JsonElement json)
    {
        _json = json;
        Models = json.GetProperty("models").EnumerateArray().Select(model => new PlannedModel(model)).ToArray();
    }

    public IReadOnlyList<PlannedModel> Models { get; }

    /// <summary>Null when there is none, or none that this version wrote whole: it is then made anew.</summary>
    public static ProjectPlan? TryRead(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement.Clone();
            return root.GetProperty("schemaVersion").GetInt32() == Version ? new ProjectPlan(root) : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IOException)
        {
            return null;
        }
    }

    /// <summary>True while the project asks for the same and the files that decided the plan are unchanged.</summary>
    public bool IsCurrent(byte[] request, string projectDirectory) =>
        _json.GetProperty("request").GetString() == Digest.Of(request)
        && _json.GetProperty("watched").EnumerateArray().All(file => IsUnchanged(file, projectDirectory));

    private static bool IsUnchanged(JsonElement watched, string projectDirectory)
    {
        var path = Path.Combine(projectDirectory, watched.GetProperty("path").GetString()!);
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != watched.GetProperty("size").GetInt64())
            return false;
        if (file.LastWriteTimeUtc.Ticks == watched.GetProperty("modified").GetInt64())
            return true;
        return watched.TryGetProperty("sha256", out var sha256) && sha256.GetString() == Digest.Of(File.ReadAllBytes(path));
    }
}
