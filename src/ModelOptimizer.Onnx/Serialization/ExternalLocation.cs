namespace ModelOptimizer.Onnx;

/// <summary>Finds external data and refuses to follow it out of the model's folder, whichever system the path was meant for.</summary>
internal static class ExternalLocation
{
    /// <returns>The full path of an existing file inside <paramref name="folder"/>.</returns>
    public static string Resolve(string? folder, string location, string tensor, string? modelPath)
    {
        if (folder is null)
            throw Outside("but the model was read without a folder. Load it from its file");
        var relative = location.Replace('\\', '/');
        if (IsRooted(relative) || relative.Contains('\0', StringComparison.Ordinal))
            throw Outside("which is no path inside the model's folder. Move the data there and export again");
        var path = Path.GetFullPath(Path.Combine(folder, relative));
        if (!IsInside(path, folder))
            throw Outside("outside the model's folder. Move the data there and export again");
        if (!File.Exists(path))
            throw new InvalidModelException(ModelProblem.ExternalDataMissing,
                $"Tensor '{tensor}' lies in '{location}', which is not there. Put that file beside the model", modelPath);
        if (!IsInside(Real(path), Real(folder)))
            throw Outside("a link that leads outside the model's folder. Put the file itself there");
        return path;

        InvalidModelException Outside(string reason) =>
            new(ModelProblem.ExternalDataOutside, $"Tensor '{tensor}' lies in '{location}', {reason}", modelPath);
    }

    /// <summary>Rooted on Unix or Windows: <c>/x</c>, <c>//server/share</c>, <c>C:/x</c>, <c>C:x</c>.</summary>
    private static bool IsRooted(string path) => path.StartsWith('/') || (path.Length > 1 && path[1] == ':');

    private static bool IsInside(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The path with every link on the way resolved.</summary>
    private static string Real(string path)
    {
        var parent = Path.GetDirectoryName(path);
        if (parent is null)
            return path;
        var full = Path.Combine(Real(parent), Path.GetFileName(path));
        FileSystemInfo info = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
        return info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Real(target.FullName) : full;
    }
}
