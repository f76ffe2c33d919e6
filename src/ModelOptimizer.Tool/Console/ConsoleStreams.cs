using System.Text;

namespace ModelOptimizer.Tool;

/// <summary>Where a run writes, and who reads it: results go to <see cref="Out"/>, everything else to <see cref="Error"/>.</summary>
internal sealed record ConsoleStreams(TextWriter Out, TextWriter Error) : IDisposable
{
    /// <summary>Columns where nothing says otherwise.</summary>
    public const int DefaultWidth = 80;

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public int Width { get; init; } = DefaultWidth;

    /// <summary>False by <c>NO_COLOR</c>, which counts only when it is not empty (no-color.org), and on dumb terminals.</summary>
    public bool ColorAllowed { get; init; }

    public static ConsoleStreams OfProcess() => new(Utf8(Console.OpenStandardOutput()), Utf8(Console.OpenStandardError()))
    {
        OutIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Width = TerminalWidth(),
        ColorAllowed = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb",
    };

    public void Dispose()
    {
        Out.Dispose();
        Error.Dispose();
    }

    private static StreamWriter Utf8(Stream stream)
    {
        // Elsewhere terminals are UTF-8 already, and asking costs time.
        if (OperatingSystem.IsWindows())
            Console.OutputEncoding = Encoding.UTF8;
        return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }

    private static int TerminalWidth()
    {
        if (Console.IsOutputRedirected)
            return DefaultWidth;
        try
        {
            return Console.WindowWidth is > 0 and var width ? width : DefaultWidth;
        }
        catch (IOException)
        {
            return DefaultWidth;
        }
    }
}
