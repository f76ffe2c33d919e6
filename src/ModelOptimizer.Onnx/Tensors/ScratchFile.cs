using Microsoft.Win32.SafeHandles;

namespace ModelOptimizer.Onnx;

/// <summary>A nameless file that grows at its end and is gone with the last tensor that lies in it.</summary>
internal sealed class ScratchFile
{
    private readonly SafeFileHandle _handle;

    private ScratchFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <exception cref="IOException">The folder can't be written to.</exception>
    public static ScratchFile Create()
    {
        var path = Path.Combine(Folder(), $"model-opt-{Guid.NewGuid():n}.scratch");
        var onClose = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, onClose);
        // Elsewhere a file lives on without its name, and a process that is killed leaves none behind.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return new ScratchFile(handle);
    }

    /// <returns>Where the bytes begin.</returns>
    /// <exception cref="IOException">The disk is full.</exception>
    public long Append(ReadOnlySpan<byte> bytes)
    {
        var offset = Length;
        RandomAccess.Write(_handle, bytes, offset);
        Length += bytes.Length;
        return offset;
    }

    public void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = RandomAccess.Read(_handle, bytes, offset);
            if (count == 0)
                throw new EndOfStreamException("The scratch file ends early");
            offset += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Where large temporary files belong: /tmp itself is often a disk in memory.</summary>
    private static string Folder()
    {
        const string large = "/var/tmp";
        var isChosen = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 };
        return OperatingSystem.IsLinux() && !isChosen && Directory.Exists(large) ? large : Path.GetTempPath();
    }
}
