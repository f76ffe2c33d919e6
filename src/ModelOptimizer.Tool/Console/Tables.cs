using Spectre.Console;
using Spectre.Console.Rendering;

namespace ModelOptimizer.Tool;

/// <summary>Tables without rules, for people: they stay readable in logs, mails and without color.</summary>
internal static class Tables
{
    /// <summary>A table with a head line; columns whose title starts with <c>&gt;</c> are numbers and stand at the right.</summary>
    public static Table Create(params ReadOnlySpan<string> titles)
    {
        var table = new Table().Border(TableBorder.None).ShowRowSeparators().HideRowSeparators();
        foreach (var title in titles)
            table.AddColumn(Column(title));
        return table;
    }

    private static TableColumn Column(string title)
    {
        var isNumber = title.StartsWith('>');
        var column = new TableColumn(new Text(title.TrimStart('>'), new Style(decoration: Decoration.Bold))).PadLeft(0).PadRight(2).NoWrap();
        return isNumber ? column.RightAligned() : column;
    }

    /// <summary>Adds a row of plain text; nothing in it is markup.</summary>
    public static void Row(this Table table, params IEnumerable<string> cells) =>
        table.AddRow(cells.Select(cell => new Text(cell) { Overflow = Overflow.Ellipsis }));

    /// <summary>Draws on stdout. Piped output is as wide as it needs to be, so that nothing is cut.</summary>
    public static void Draw(this CommandContext context, IRenderable what)
    {
        var buffer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = context.UseColor && context.Streams.OutIsTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = context.UseColor && context.Streams.OutIsTerminal ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(buffer),
        });
        console.Profile.Width = context.Streams.OutIsTerminal ? context.Streams.Width : Unlimited;
        console.Write(what);
        foreach (var line in buffer.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n'))
            context.Streams.Out.WriteLine(line.TrimEnd());
    }

    private const int Unlimited = 10_000;
}
