using System.Buffers;
using System.Runtime.InteropServices;

namespace ModelOptimizer.Onnx;

/// <summary>A stretch of a mapped file as memory, which is what messages are written from.</summary>
internal sealed unsafe class MappedBytes(MappedFile file, long offset, int length) : MemoryManager<byte>
{
    /// <summary>In the file, which begins at the start of a page.</summary>
    public long Offset => offset;

    public override Span<byte> GetSpan()
    {
        var bytes = file.Slice<byte>(offset, length);
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), length);
    }

    /// <summary>Mapped memory doesn't move: it is only counted.</summary>
    public override MemoryHandle Pin(int elementIndex = 0) => new(file.Pin(offset) + elementIndex, pinnable: this);

    public override void Unpin() => file.Unpin();

    /// <summary>Lets its pages go.</summary>
    public void LetGo() => file.LetGo(offset, length);

    protected override void Dispose(bool disposing)
    {
        // The mapping outlives everything.
    }
}
