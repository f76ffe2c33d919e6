using System.IO.MemoryMappedFiles;

namespace ModelOptimizer.Onnx;

/// <summary>A file mapped read-only for as long as somebody holds it.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private MappedFile(string path)
    {
        Length = new FileInfo(path).Length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    public long Length { get; }

    public static MappedFile Open(string path) => new(path);

    public ReadOnlySpan<T> Slice<T>(long offset, long byteCount) where T : unmanaged
    {
        if (offset < 0 || byteCount < 0 || offset > Length - byteCount)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return new ReadOnlySpan<T>(_start + offset, checked((int)(byteCount / sizeof(T))));
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
