using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tool;

/// <summary>Runs a command and turns whatever ends it into a message and an exit code.</summary>
internal static class CommandRunner
{
    public static int Run(Action<ParseResult, CommandContext> command, ParseResult parsed, CommandContext context)
    {
        try
        {
            command(parsed, context);
            return context.ExitCode;
        }
        catch (UsageException e)
        {
            return UsageErrors.Report([e.Message], parsed, context.Streams.Error);
        }
        catch (OperationCanceledException)
        {
            context.Say("Interrupted; nothing was written.");
            return ExitCode.Interrupted;
        }
#pragma warning disable CA1031 // The last stop: nobody above could say it better.
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (var diagnostic in Explain(e, context.IsVerbose))
                context.Report(diagnostic);
            return context.ExitCode;
        }
    }

    private static IReadOnlyList<Diagnostic> Explain(Exception exception, bool verbose) => exception switch
    {
        DiagnosticException e => e.Diagnostics,
        InvalidModelException e => [ModelProblems.ToDiagnostic(e)],
        UnauthorizedAccessException or IOException => [new Diagnostic(DiagnosticCatalog.CannotRead, exception.Message)],
        _ => [new Diagnostic(DiagnosticCatalog.InternalError, Unexpected(exception, verbose))],
    };

    private static string Unexpected(Exception e, bool verbose) => verbose
        ? e.ToString()
        : $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")} This is a mistake of the tool's: run it again with --verbose and report what it prints.";
}
