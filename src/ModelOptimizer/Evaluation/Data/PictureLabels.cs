using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// The classes of pictures, from a text file that lies in each folder beside them and is called as <c>evaluate.labels</c> says. On each line stands a
/// picture's name and after it the number of its class, as in ImageNet's lists: <c>cat.jpg 281</c>. A comma or a tab may stand between them.
/// </summary>
/// <param name="name">What <c>labels</c> says, with or without <c>.txt</c>.</param>
/// <param name="namedAt">Where it says so.</param>
internal sealed class PictureLabels(string name, SourceLocation? namedAt)
{
    private readonly Dictionary<string, Dictionary<string, long>> _byFolder = [];

    private readonly string _fileName = EvaluateSettings.LabelFile(name);

    /// <exception cref="DiagnosticException">The folder has no such file, a line in it is none, or the picture stands on no line.</exception>
    public long Of(string picture)
    {
        var folder = Path.GetDirectoryName(picture)!;
        if (!_byFolder.TryGetValue(folder, out var labels))
            _byFolder.Add(folder, labels = Load(Path.Combine(folder, _fileName)));
        var file = Path.GetFileName(picture);
        return labels.TryGetValue(file, out var label) ? label : throw Problem($"'{file}' has no line here; add '{file} CLASS' (-100: not scored)",
            new SourceLocation(Path.Combine(folder, _fileName)));
    }

    private Dictionary<string, long> Load(string path)
    {
        if (!File.Exists(path))
            throw Problem($"'labels: {name}' wants a file '{_fileName}' beside the pictures, in '{Path.GetDirectoryName(path)}', "
                + "with a line such as 'cat.jpg 281' for each", namedAt ?? new SourceLocation(path));
        var labels = new Dictionary<string, long>();
        var lines = Unreadable.Guard(path, null, () => File.ReadAllLines(path));
        foreach (var (index, line) in lines.Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)))
        {
            var place = new SourceLocation(path, index + 1, 1);
            var (file, label) = Parse(line)
                ?? throw Problem($"'{line.Trim()}' is not a picture's name and the number of its class, such as 'cat.jpg 281'", place);
            if (!labels.TryAdd(file, label))
                throw Problem($"'{file}' stands here for the second time; remove one of the lines", place);
        }
        return labels;
    }

    private static (string File, long Label)? Parse(string line)
    {
        var text = line.Trim();
        var gap = text.LastIndexOfAny([' ', '\t', ',']);
        return gap > 0 && long.TryParse(text[(gap + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var label)
            ? (text[..gap].TrimEnd(' ', '\t', ','), label)
            : null;
    }

    private static DiagnosticException Problem(string message, SourceLocation place) => new(DiagnosticCatalog.LabelsMismatch, message, place);
}
