using System.IO.MemoryMappedFiles;

namespace ModelOptimizer.Onnx;

/// <summary>A file mapped read-only until the process ends: spans over it carry no owner that could end it earlier.</summary>
internal sealed unsafe class MappedFile
{
    /// <summary>Bytes handed out before their pages are let go: whoever still reads them takes them up again.</summary>
    private const long DefaultWindow = 1 << 27;

    /// <summary>Stretches that are shorter don't count.</summary>
    private const long Smallest = 1 << 16;

    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;
    private readonly long _window;
    private readonly Lock _lock = new();

    /// <summary>Bytes handed out since pages were let go, by offset: tensors that are read in turn count once.</summary>
    private readonly Dictionary<long, long> _counted = [];

    private long _handedOut;

    /// <summary>How many hold memory of it in place.</summary>
    private int _pins;

    private MappedFile(FileStream stream, long window)
    {
        (Length, _window) = (stream.Length, window);
        if (Length == 0)
            return; // An empty file can't be mapped.
        using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    public long Length { get; }

    /// <summary>How often pages were let go.</summary>
    internal int Releases { get; private set; }

    public static MappedFile Open(string path, long window = DefaultWindow)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        return new MappedFile(stream, window);
    }

    public ReadOnlySpan<T> Slice<T>(long offset, long byteCount) where T : unmanaged
    {
        CheckRange(offset, byteCount);
        Count(offset, byteCount);
        return new ReadOnlySpan<T>(_start + offset, checked((int)(byteCount / sizeof(T))));
    }

    public ReadOnlyMemory<byte> Memory(long offset, int byteCount)
    {
        CheckRange(offset, byteCount);
        return new MappedBytes(this, offset, byteCount).Memory;
    }

    /// <summary>A model is read tensor by tensor, each many times in a row: with the next ones the pages of the last are let go.</summary>
    private void Count(long offset, long byteCount)
    {
        if (byteCount < Smallest)
            return;
        lock (_lock)
        {
            var more = byteCount - _counted.GetValueOrDefault(offset);
            if (more <= 0)
                return;
            if (_handedOut > 0 && _handedOut + more > _window)
            {
                LetGo();
                more = byteCount;
            }
            _counted[offset] = byteCount;
            _handedOut += more;
        }
    }

    /// <summary>Lets the pages of all that was handed out go.</summary>
    public void LetGo()
    {
        lock (_lock)
        {
            MappedPages.LetGo(_start, Length);
            Releases++;
            _counted.Clear();
            _handedOut = 0;
        }
    }

    /// <summary>Lets the pages of a stretch go.</summary>
    public void LetGo(long offset, long byteCount)
    {
        CheckRange(offset, byteCount);
        var inPage = offset % Environment.SystemPageSize;
        MappedPages.LetGo(_start + offset - inPage, byteCount + inPage);
    }

    /// <returns>Where a stretch lies, until it is unpinned as often.</returns>
    public byte* Pin(long offset)
    {
        lock (_lock)
            _pins++;
        return _start + offset;
    }

    /// <summary>Native code has read it all in no order: when the last is through, the pages are let go.</summary>
    public void Unpin()
    {
        lock (_lock)
            if (--_pins == 0)
                LetGo();
    }

    private void CheckRange(long offset, long byteCount)
    {
        if (offset < 0 || byteCount < 0 || offset > Length - byteCount)
            throw new ArgumentOutOfRangeException(nameof(offset));
    }
}
