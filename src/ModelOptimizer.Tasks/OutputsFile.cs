using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace ModelOptimizer.Tasks;

/// <summary>
/// What a run made, one path a line, and what it warned of, as the tool wrote it. It is written when all is there, so its time is that of the run; and
/// it is taken away as soon as a file is missing, so that none can get lost unnoticed.
/// </summary>
internal sealed class OutputsFile
{
    private readonly string[] _lines;

    private OutputsFile(string[] lines) => _lines = lines;

    /// <summary>True while everything that the run made is still there.</summary>
    public bool IsWhole => _lines.Where(line => !IsWarning(line)).All(File.Exists);

    public IEnumerable<string> Warnings => _lines.Where(IsWarning);

    /// <summary>Null when there was no run that went well.</summary>
    public static OutputsFile? TryRead(string path) =>
        TextFile.TryRead(path) is { } text ? new OutputsFile(text.Split(['\n'], StringSplitOptions.RemoveEmptyEntries)) : null;

    /// <summary>Writes down those of the possible outputs that exist.</summary>
    public static void Write(string path, IEnumerable<string> possible, IEnumerable<string> warnings) =>
        TextFile.Write(path, string.Concat(possible.Where(File.Exists).Concat(warnings).Select(line => line + "\n")));

    /// <summary>The tool writes objects of JSON; paths are full.</summary>
    private static bool IsWarning(string line) => line.StartsWith("{", StringComparison.Ordinal);
}
