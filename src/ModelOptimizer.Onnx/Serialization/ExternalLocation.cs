namespace ModelOptimizer.Onnx;

/// <summary>Finds external data and refuses to follow it out of the model's folder.</summary>
internal static class ExternalLocation
{
    /// <returns>The full path of an existing file inside <paramref name="folder"/>.</returns>
    public static string Resolve(string? folder, string location, string tensor, string? modelPath)
    {
        if (folder is null)
            throw Outside($"Tensor '{tensor}' lies in '{location}', but the model was read without a folder");
        var path = Path.GetFullPath(Path.Combine(folder, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || !IsInside(path, folder))
            throw Outside($"Tensor '{tensor}' points to '{location}', outside the model's folder");
        if (!File.Exists(path))
            throw new InvalidModelException(ModelProblem.ExternalDataMissing,
                $"Tensor '{tensor}' lies in '{location}', which is not there", modelPath);
        if (!IsInside(Real(path), Real(folder)))
            throw Outside($"Tensor '{tensor}' points to '{location}', a link that leads outside the model's folder");
        return path;

        InvalidModelException Outside(string message) => new(ModelProblem.ExternalDataOutside, message, modelPath);
    }

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
