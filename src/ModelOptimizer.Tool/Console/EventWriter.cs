using System.Text.Json;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>Tells a build what was found: one JSON object per line on stdout.</summary>
internal sealed class EventWriter(TextWriter output) : IDiagnosticSink
{
    public void Report(Diagnostic diagnostic) =>
        output.WriteLine(JsonSerializer.Serialize(DiagnosticEvent.Of(diagnostic), EventJson.Readable.DiagnosticEvent));
}

internal sealed record DiagnosticEvent(
    string Kind, string Severity, string Code, string Message, string? File, int? Line, int? Column, string HelpLink)
{
    public static DiagnosticEvent Of(Diagnostic diagnostic) => new(
        "diagnostic",
        diagnostic.Severity switch { Diagnostics.Severity.Error => "error", Diagnostics.Severity.Warning => "warning", _ => "info" },
        diagnostic.Code,
        diagnostic.Message,
        diagnostic.Location?.File,
        diagnostic.Location is { Line: > 0 } line ? line.Line : null,
        diagnostic.Location is { Line: > 0 } column ? column.Column : null,
        diagnostic.Descriptor.HelpLink);
}
