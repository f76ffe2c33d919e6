using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>--json</c>: camel case, indented, absent rather than null. Generated code, because reflection takes time to start.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    // A perfect SQNR is infinite.
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelInspection))]
[JsonSerializable(typeof(OptimizationOutcome))]
[JsonSerializable(typeof(BisectionOutcome))]
[JsonSerializable(typeof(BenchOutcome))]
[JsonSerializable(typeof(MemoryUse))]
[JsonSerializable(typeof(ModelComparison))]
[JsonSerializable(typeof(DiagnosisOutcome))]
[JsonSerializable(typeof(InitOutcome))]
[JsonSerializable(typeof(EvaluationOutcome))]
[JsonSerializable(typeof(ReportOutcome))]
[JsonSerializable(typeof(ProfileValues))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(CacheOutcome))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    /// <summary>Quotes and arrows as themselves: this goes into no web page.</summary>
    public static ToolJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>The JSON of <c>--events</c>: the same, one line each.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DiagnosticEvent))]
[JsonSerializable(typeof(OptimizationEvent))]
[JsonSerializable(typeof(NoticeEvent))]
internal sealed partial class EventJson : JsonSerializerContext
{
    public static EventJson Readable => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
