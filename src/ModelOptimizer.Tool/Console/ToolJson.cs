using System.Text.Json.Serialization;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>--json</c>: camel case, indented, absent rather than null. Generated code, because reflection takes time to start.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelInspection))]
internal sealed partial class ToolJson : JsonSerializerContext;

/// <summary>The JSON of <c>--events</c>: the same, one line each.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DiagnosticEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
