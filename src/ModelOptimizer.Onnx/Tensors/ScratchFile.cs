namespace ModelOptimizer.Onnx;

/// <summary>A nameless file that grows at its end and is gone with the last tensor that lies in it.</summary>
/// <param name="stream">An empty file, which nothing else uses.</param>
internal class ScratchFile(FileStream stream)
{
    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <exception cref="IOException">The folder can't be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static ScratchFile Create(string folder) => new(Open(folder));

    /// <summary>Creates a file that only its owner may read, as weights may be nobody else's business.</summary>
    internal static FileStream Open(string folder)
    {
        var path = Path.Combine(folder, $"model-opt-{Guid.NewGuid():n}.scratch");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose;
            return new FileStream(path, options);
        }
        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        // The file lives on without its name, and a process that is killed leaves none behind.
        File.Delete(path);
        return stream;
    }

    /// <summary>Where tensors begin, so that native code can read them in place.</summary>
    private const int Alignment = 64;

    /// <returns>Where the bytes begin.</returns>
    /// <exception cref="IOException">The disk is full.</exception>
    public virtual long Append(ReadOnlySpan<byte> bytes)
    {
        var offset = (Length + Alignment - 1) / Alignment * Alignment;
        RandomAccess.Write(stream.SafeFileHandle, bytes, offset);
        Length = offset + bytes.Length;
        return offset;
    }

    /// <returns>Bytes written before as memory; null where the file can't be mapped.</returns>
    public MappedStretch? TryMap(long offset, int length) => MappedStretch.TryMap(stream.SafeFileHandle, offset, length);

    public virtual void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = RandomAccess.Read(stream.SafeFileHandle, bytes, offset);
            if (count == 0)
                throw new EndOfStreamException("The scratch file ends early");
            offset += count;
            bytes = bytes[count..];
        }
    }
}
