using System.IO;
using System.Linq;

namespace ModelOptimizer.Tasks;

/// <summary>Tells one build of the tool from another without starting it.</summary>
internal static class ToolFingerprint
{
    /// <summary>
    /// The digest that the package has of its tool: times and sizes there may be those of another build. Without one, name, size and time of the
    /// tool's own assemblies; what it merely uses changes with a version of these.
    /// </summary>
    public static string Of(string tool)
    {
        if (TextFile.TryRead(Path.ChangeExtension(tool, ".digest")) is { } digest)
            return digest.Trim();
        var folder = Path.GetDirectoryName(tool);
        if (!Directory.Exists(folder))
            return "";
        var own = Directory.GetFiles(folder!, "ModelOptimizer*.dll").Append(tool).Where(File.Exists)
            .OrderBy(path => path, System.StringComparer.Ordinal);
        return string.Join(" ", own.Select(path => FileStamp.Of(path, Path.GetFileName(path))));
    }
}

/// <summary>How a file stood when it was looked at.</summary>
internal static class FileStamp
{
    public static string Of(string path, string name)
    {
        var file = new FileInfo(path);
        return file.Exists ? $"{name}|{file.Length}|{file.LastWriteTimeUtc.Ticks}" : $"{name}|missing";
    }
}
