using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// A folder of <c>.npy</c> files: <c>INPUT.npy</c>, one per input, or <c>INPUT.NUMBER.npy</c> in several sets, whose lengths may differ.
/// A character that file names can't have is written <c>_</c>.
/// </summary>
internal static partial class NpyFolder
{
    /// <summary>The files grouped into sets, by number.</summary>
    public static IEnumerable<IReadOnlyList<string>> Sets(IEnumerable<string> files) => files
        .GroupBy(file => int.TryParse(Split(file).Number, out var number) ? number : -1)
        .OrderBy(set => set.Key)
        .Select(set => set.ToArray());

    /// <summary>The arrays of a set, named as the model names its inputs.</summary>
    /// <exception cref="DiagnosticException">A file is no array.</exception>
    public static IReadOnlyList<DataArray> Arrays(IEnumerable<string> files, DataRequest request)
    {
        var names = request.Inputs.Select(input => input.Name).Append(request.LabelsName.Name).ToArray();
        return [.. files.Select(file => Read(file, NameOf(file, names)))];
    }

    private static DataArray Read(string file, string name)
    {
        var header = Unreadable.Guard(file, null, () =>
        {
            using var stream = File.OpenRead(file);
            return NpyHeader.Read(stream);
        });
        return new DataArray(name, file, header, () => Unreadable.Guard(file, null, () => File.OpenRead(file)));
    }

    private static string NameOf(string file, string[] names)
    {
        var (name, _) = Split(file);
        return Array.Find(names, known => known == name) ?? Array.Find(names, known => AsFileName(known) == name) ?? name;
    }

    private static (string Name, string Number) Split(string file)
    {
        var match = Numbered().Match(Path.GetFileNameWithoutExtension(file));
        return (match.Groups["name"].Value, match.Groups["number"].Value);
    }

    private static string AsFileName(string name) => Forbidden().Replace(name, "_");

    [GeneratedRegex(@"^(?<name>.+?)(\.(?<number>[0-9]{1,9}))?$")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"[/\\:*?""<>|]")]
    private static partial Regex Forbidden();
}
