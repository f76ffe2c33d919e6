using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;
using ModelOptimizer.Reporting.Sarif;

namespace ModelOptimizer.Tool;

/// <summary>Where findings go for code scanning.</summary>
internal sealed class SarifOptions
{
    private readonly Option<string?> _sarif = new("--sarif")
    {
        Description = "Write errors, warnings and notes to this file as SARIF 2.1.0, for code scanning",
        HelpName = "FILE",
    };

    private readonly Option<string?> _root = new("--source-root")
    {
        Description = "With --sarif: the folder that places are told relative to; by default the one this runs in",
        HelpName = "FOLDER",
    };

    public IReadOnlyList<Option> All => [_sarif, _root];

    /// <exception cref="UsageException">A root is given with nothing to tell relative to it.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_root) is not null && parsed.GetValue(_sarif) is null)
            throw new UsageException("--source-root belongs to --sarif");
    }

    /// <summary>Writes all that was reported up to now, where that is asked for.</summary>
    /// <param name="name">Tells this run from others.</param>
    /// <param name="place">Where findings are shown that have no place of their own.</param>
    public void Write(ParseResult parsed, string name, string place, CommandContext context)
    {
        if (parsed.GetValue(_sarif) is not { } sarif)
            return;
        var root = Path.GetFullPath(parsed.GetValue(_root) ?? Environment.CurrentDirectory);
        WriteLog(sarif, context, () => new SarifReport(root, name, place).Write(sarif, context.Reported.Select(DiagnosticReport.At)));
    }

    /// <summary>A log that can't be written takes nothing from the result.</summary>
    public static void WriteLog(string path, CommandContext context, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            context.Report(new Diagnostic(DiagnosticCatalog.LogNotWritten, $"The log is not written: {e.Message.TrimEnd('.')}. "
                + "The result is not touched by that; check the folder's permissions and free space, or name another file", new SourceLocation(path)));
        }
    }
}
