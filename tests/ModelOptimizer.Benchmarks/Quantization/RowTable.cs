namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>A table in Markdown whose rows are known by their first two cells, so that some can be measured anew and the others stay.</summary>
/// <param name="heading">The heading under which it stands in the file.</param>
/// <param name="columns">Names of all columns.</param>
internal sealed class RowTable(string heading, IReadOnlyList<string> columns)
{
    private readonly Dictionary<(string, string), string> _rows = [];

    /// <summary>Takes the rows that a file has.</summary>
    public RowTable Read(IEnumerable<string> lines)
    {
        var own = lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith('#'));
        foreach (var cells in own.Where(line => line.StartsWith('|')).Skip(2).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)))
            if (cells.Length == columns.Count)
                Set(cells);
        return this;
    }

    /// <summary>The cells of a row; null when there is none.</summary>
    public IReadOnlyList<string>? Find(string model, string setting) =>
        _rows.TryGetValue((model, setting), out var row) ? row.Trim('|').Split('|', StringSplitOptions.TrimEntries) : null;

    /// <summary>All that stand first in rows.</summary>
    public IReadOnlyList<string> Models => [.. _rows.Keys.Select(key => key.Item1).Distinct().Order(StringComparer.Ordinal)];

    public void Set(params IReadOnlyList<string> cells) => _rows[(cells[0], cells[1])] = $"| {string.Join(" | ", cells.Select(cell => cell.Replace('|', '/')))} |";

    /// <summary>The table, rows by model and then in the order of the settings; others are no longer known and go.</summary>
    public IEnumerable<string> Write(IReadOnlyList<string> settings) =>
    [
        heading, "", $"| {string.Join(" | ", columns)} |", string.Concat(Enumerable.Repeat("|---", columns.Count)) + "|",
        .. _rows.Where(row => settings.Contains(row.Key.Item2)).OrderBy(row => row.Key.Item1, StringComparer.Ordinal).ThenBy(row => settings.ToList().IndexOf(row.Key.Item2))
            .Select(row => row.Value),
    ];
}
