using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Finds the files that a profile's <c>data:</c> means: files, folders and globs.</summary>
public static class DataFiles
{
    internal static readonly DataFileKind Arrays = new("data file", "data comes as .npz, .jsonl, a folder of .npy, or ONNX test_data_set_* folders",
        [".npz", ".npy", ".jsonl", ".pb"]);

    internal static readonly DataFileKind Images = new("picture", "pictures come as .jpg, .png or .bmp; convert others", [".jpg", ".jpeg", ".png", ".bmp"]);

    internal static readonly DataFileKind Texts = new("text file", "texts come as .txt, a sample on each line", [".txt"]);

    /// <summary>All files with arrays that are meant, in ordinal order within each entry: what is read, and what a build must watch.</summary>
    /// <param name="paths">Files, folders, or globs with <c>*</c> and <c>**</c>, which may match files or folders.</param>
    /// <param name="namedAt">Where a human named them; null shows a missing one at its own path.</param>
    /// <exception cref="DiagnosticException">An entry leads to no data file.</exception>
    public static IReadOnlyList<string> Expand(IEnumerable<string> paths, SourceLocation? namedAt = null) => Expand(paths, Arrays, namedAt);

    /// <summary>The same for files of another kind.</summary>
    internal static IReadOnlyList<string> Expand(IEnumerable<string> paths, DataFileKind kind, SourceLocation? namedAt) =>
        [.. paths.SelectMany(path => Expand(path, kind, namedAt ?? new SourceLocation(path))).Distinct()];

    private static List<string> Expand(string path, DataFileKind kind, SourceLocation place)
    {
        if (File.Exists(path))
            return kind.Has(path) ? [path] : throw NotFound(place, $"'{path}' is no {kind.Name}; {kind.Expected}{Hint(kind, [path])}");
        if (Directory.Exists(path))
            return InFolder(path, kind) is { Count: > 0 } files
                ? files
                : throw NotFound(place, $"The folder '{path}' has no {kind.Name}s; {kind.Expected}{Hint(kind, Directory.EnumerateFiles(path))}");
        if (!path.Contains('*', StringComparison.Ordinal))
            throw NotFound(place, $"There is no file or folder '{path}'"
                + (kind == Arrays ? "; correct the path or, where there is no data yet, "
                    + "let ModelOptimizer.Recording write what the app feeds its session" : ""));
        return Glob(path, kind) is { Count: > 0 } matches
            ? matches
            : throw NotFound(place, $"Nothing matches '{path}'; {kind.Expected}{Hint(kind, [path])}");
    }

    /// <summary>Who names pictures or texts as arrays is told where they go.</summary>
    private static string Hint(DataFileKind kind, IEnumerable<string> paths) => kind != Arrays ? ""
        : paths.FirstOrDefault(path => Images.Has(path) || Texts.Has(path)) is not { } other ? ""
        : Images.Has(other) ? ". Pictures go under 'images:' of a profile, which says how to read them"
        : ". Texts go under 'text:' of a profile, which names the tokenizer";

    private static List<string> InFolder(string folder, DataFileKind kind)
    {
        var own = Directory.EnumerateFiles(folder).Where(kind.Has);
        var testData = Directory.EnumerateDirectories(folder, "test_data_set_*").SelectMany(Directory.EnumerateFiles).Where(kind.Has);
        return [.. own.Concat(testData).Order(StringComparer.Ordinal)];
    }

    private static List<string> Glob(string pattern, DataFileKind kind)
    {
        var (root, relative) = Split(pattern);
        if (!Directory.Exists(root))
            return [];
        var files = Match(root, relative).Where(kind.Has);
        // The matcher knows files only; a folder matches when the pattern, one step longer, matches what lies in it.
        var folders = Match(root, relative + "/*").Select(file => Path.GetDirectoryName(file)!).Distinct();
        return [.. files.Concat(folders.SelectMany(folder => InFolder(folder, kind))).Distinct().Order(StringComparer.Ordinal)];
    }

    private static (string Root, string Relative) Split(string pattern)
    {
        var parts = pattern.Replace('\\', '/').Split('/');
        var literal = parts.TakeWhile(part => !part.Contains('*', StringComparison.Ordinal)).Count();
        var root = string.Join('/', parts[..literal]);
        return (literal == 0 ? "." : root.Length == 0 ? "/" : root, string.Join('/', parts[literal..]));
    }

    private static IEnumerable<string> Match(string root, string pattern)
    {
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern);
        return matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(root))).Files.Select(match => Path.Combine(root, match.Path));
    }

    private static DiagnosticException NotFound(SourceLocation place, string message) => new(DiagnosticCatalog.DataNotFound, message, place);
}
