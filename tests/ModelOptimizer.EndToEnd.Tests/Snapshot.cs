using System.Security.Cryptography;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>How the files of a folder stand: two are equal when nothing was written in between.</summary>
internal static class Snapshot
{
    /// <summary>Length, time and digest of each file by its path.</summary>
    public static SortedDictionary<string, string> Of(string folder) => new(Files(folder).ToDictionary(
        file => Path.GetRelativePath(folder, file),
        file => $"{new FileInfo(file).Length} {File.GetLastWriteTimeUtc(file).Ticks} {Digest(file)}"), StringComparer.Ordinal);

    /// <summary>The digests alone.</summary>
    public static SortedDictionary<string, string> Contents(string folder) =>
        new(Files(folder).ToDictionary(file => Path.GetRelativePath(folder, file), Digest), StringComparer.Ordinal);

    private static string[] Files(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories);

    private static string Digest(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
