using System.Text.Json;

namespace ModelOptimizer.Tasks;

/// <summary>One line of the tool's output: a diagnostic, or a message for the log.</summary>
internal sealed class ToolEvent
{
    private readonly JsonElement _json;

    private ToolEvent(JsonElement json) => _json = json;

    public string Kind => Text("kind") ?? "";

    public string Severity => Text("severity") ?? "";

    public string? Code => Text("code");

    public string? HelpLink => Text("helpLink");

    public string? File => Text("file");

    public int Line => Number("line");

    public int Column => Number("column");

    public string Message => Text("message") ?? "";

    /// <summary>The model that a summary is about.</summary>
    public string? Model => Text("model");

    /// <summary>Reads a line; null when it is no event, such as what native code prints.</summary>
    public static ToolEvent? Parse(string line)
    {
        if (!line.StartsWith("{", System.StringComparison.Ordinal))
            return null;
        try
        {
            using var document = JsonDocument.Parse(line);
            return new ToolEvent(document.RootElement.Clone());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string? Text(string name) =>
        _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private int Number(string name) =>
        _json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : 0;
}
