using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>Prints diagnostics on stderr in the form that editors and build logs make clickable.</summary>
internal sealed class DiagnosticPrinter(CommandContext context) : IDiagnosticSink
{
    private const string Red = "\e[31m";
    private const string Yellow = "\e[33m";
    private const string Reset = "\e[0m";

    public void Report(Diagnostic diagnostic)
    {
        if (context.IsQuiet && diagnostic.Severity == Severity.Info)
            return;
        context.Streams.Error.WriteLine(Paint(diagnostic));
    }

    private string Paint(Diagnostic diagnostic) => diagnostic.Severity switch
    {
        Severity.Error when IsColored => $"{Red}{diagnostic}{Reset}",
        Severity.Warning when IsColored => $"{Yellow}{diagnostic}{Reset}",
        _ => diagnostic.ToString(),
    };

    private bool IsColored => context.UseColor && context.Streams.ErrorIsTerminal;
}
