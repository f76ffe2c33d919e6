using System.IO.Compression;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>The arrays of an <c>.npz</c> archive, as <c>np.savez</c> and <c>np.savez_compressed</c> write it.</summary>
internal sealed class NpzFile : IDisposable
{
    /// <summary>An entry beside the arrays, by which recorded archives say that each array is a stack of samples.</summary>
    private const string StackMark = "stacked.txt";

    private readonly ZipArchive _archive;

    /// <exception cref="DiagnosticException">The file is no archive, or an array in it is corrupt.</exception>
    public NpzFile(string path)
    {
        _archive = Unreadable.Guard(path, null, () => ZipFile.OpenRead(path));
        try
        {
            Arrays = ReadHeaders(path, Unreadable.Guard(path, null, () => _archive.Entries));
        }
        catch
        {
            _archive.Dispose();
            throw;
        }
    }

    /// <summary>In the archive's order.</summary>
    public IReadOnlyList<DataArray> Arrays { get; }

    public void Dispose() => _archive.Dispose();

    private static DataArray[] ReadHeaders(string path, IReadOnlyCollection<ZipArchiveEntry> entries)
    {
        var areStacks = entries.Any(entry => entry.FullName == StackMark);
        return
        [
            .. entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
                .Select(entry => ReadHeader(path, entry) with { IsStack = areStacks }),
        ];
    }

    private static DataArray ReadHeader(string path, ZipArchiveEntry entry)
    {
        var name = entry.FullName[..^".npy".Length];
        var header = Unreadable.Guard(path, name, () =>
        {
            using var stream = Open(entry);
            return NpyHeader.Read(stream);
        });
        return new DataArray(name, path, header, () => Unreadable.Guard(path, name, () => Open(entry)));
    }

    private static ChecksummedStream Open(ZipArchiveEntry entry) => new(entry.Open(), entry.Length, entry.Crc32);
}
