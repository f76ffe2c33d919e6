using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace ModelOptimizer.Onnx;

/// <summary>
/// A stretch of a file as memory that can be pinned. It is mapped as long as somebody holds the memory, and its pages are let go with the last pin.
/// </summary>
internal sealed unsafe class MappedStretch : MemoryManager<byte>
{
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _base;
    private readonly int _length;
    private int _pins;

    private MappedStretch(MemoryMappedViewAccessor view, int length)
    {
        (_view, _length) = (view, length);
        // Without a count of its own: whoever acquires a pointer keeps the view for good unless he gives it back.
        _base = (byte*)view.SafeMemoryMappedViewHandle.DangerousGetHandle();
    }

    /// <returns>Null where the file can't be mapped.</returns>
    public static MappedStretch? TryMap(SafeFileHandle file, long offset, int length)
    {
        try
        {
            const MemoryMappedFileAccess Access = MemoryMappedFileAccess.Read;
            using var mapped = MemoryMappedFile.CreateFromFile(file, null, 0, Access, HandleInheritability.None, leaveOpen: true);
            return new(mapped.CreateViewAccessor(offset, length, Access), length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public override Span<byte> GetSpan() => new(_base + _view.PointerOffset, _length);

    /// <summary>Mapped memory doesn't move: the handle keeps it mapped.</summary>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        Interlocked.Increment(ref _pins);
        return new(_base + _view.PointerOffset + elementIndex, pinnable: this);
    }

    public override void Unpin()
    {
        if (Interlocked.Decrement(ref _pins) == 0)
            LetGo();
    }

    /// <summary>Lets its pages go: whoever reads them takes them up again.</summary>
    public void LetGo() => MappedPages.LetGo(_base, _view.PointerOffset + _length);

    protected override void Dispose(bool disposing) => _view.Dispose();
}
