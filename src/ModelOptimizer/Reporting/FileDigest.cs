using System.Security.Cryptography;

namespace ModelOptimizer.Reporting;

/// <summary>Names files by what is in them.</summary>
public static class FileDigest
{
    /// <summary>The files' names and the SHA-256 of their bytes.</summary>
    public static IReadOnlyList<FileReport> Of(IEnumerable<string> paths) => [.. paths.Select(Of)];

    /// <summary>The file's name and the SHA-256 of its bytes.</summary>
    public static FileReport Of(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20, FileOptions.SequentialScan);
        return new FileReport(Path.GetFileName(path), Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <summary>Bytes of the files together.</summary>
    public static long Bytes(IEnumerable<string> paths) => paths.Sum(path => new FileInfo(path).Length);
}
