using System.Buffers;
using System.Runtime.InteropServices;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// A tensor that the optimizer made and put aside. Spans are of a copy in memory, made on demand and forgotten when nobody reads it; a file is
/// written from the scratch file without one.
/// </summary>
internal sealed class ScratchTensor(Tensor made, ScratchFile file, long offset) : Tensor(made.ElementType, made.Dimensions)
{
    private const int Chunk = 1 << 20;

    private readonly Lock _lock = new();
    private readonly WeakReference<byte[]?> _read = new(null);
    private readonly WeakReference<MappedStretch?> _mapped = new(null);

    /// <summary>That of what was made: whoever reads that one reads the same bytes.</summary>
    internal override object Storage { get; } = made.Storage;

    /// <summary>Pages of the file, which take no memory of the process's own.</summary>
    public override ReadOnlyMemory<byte>? InPlace => ByteCount <= Array.MaxLength ? Map()?.Memory : null;

    public override void LetGo()
    {
        if (_mapped.TryGetTarget(out var mapped))
            mapped.LetGo();
    }

    public override IDisposable Hold() => new HeldBytes(Read());

    public override ReadOnlySpan<T> AsSpan<T>() => MemoryMarshal.Cast<byte, T>(Read());

    /// <summary>Without a copy beside it, unless somebody reads one.</summary>
    public override void CopyTo(Span<byte> target)
    {
        if (_read.TryGetTarget(out var known))
            known.CopyTo(target);
        else
            file.Read(offset, target);
    }

    internal override void CopyTo(Stream stream)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        for (var start = 0L; start < ByteCount; start += Chunk)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(Chunk, ByteCount - start));
            file.Read(offset + start, part);
            stream.Write(part);
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    internal override TensorProto ToProto(string name)
    {
        var proto = ToHeader(name);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(Read());
        return proto;
    }

    internal override TensorProto ToHeader(string name) => new() { Name = name, DataType = (int)ElementType, Dims = { Dimensions } };

    private MappedStretch? Map()
    {
        lock (_lock)
        {
            if (!_mapped.TryGetTarget(out var mapped))
                _mapped.SetTarget(mapped = file.TryMap(offset, (int)ByteCount));
            return mapped;
        }
    }

    private byte[] Read()
    {
        if (_read.TryGetTarget(out var known))
            return known;
        // Many threads read at once: one of them fetches the bytes for all.
        lock (_lock)
        {
            if (_read.TryGetTarget(out known))
                return known;
            var bytes = GC.AllocateUninitializedArray<byte>(checked((int)ByteCount));
            file.Read(offset, bytes);
            _read.SetTarget(bytes);
            return bytes;
        }
    }
}
