using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Turns the exceptions of reading into the one diagnostic that names file, array and reason.</summary>
internal static class Unreadable
{
    /// <summary>Runs a step of reading.</summary>
    /// <exception cref="DiagnosticException">The step failed on the file's content or on the file itself.</exception>
    public static T Guard<T>(string file, string? array, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (EndOfStreamException)
        {
            throw Because(file, array, "it ends too early; was it copied or downloaded completely?");
        }
        catch (InvalidDataException e)
        {
            throw Because(file, array, $"{e.Message.TrimEnd('.')}; write it again, or copy it as a binary file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Because(file, array, e.Message.TrimEnd('.'));
        }
    }

    public static void Guard(string file, string? array, Action step) => Guard(file, array, () =>
    {
        step();
        return true;
    });

    public static DiagnosticException Because(string file, string? array, string reason, int line = 0, int column = 0) => new(
        DiagnosticCatalog.DataUnreadable,
        array is null ? $"The data can't be read: {reason}" : $"The array '{array}' can't be read: {reason}",
        new SourceLocation(file, line, column));
}
