using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A tensor that the optimizer made: bytes in memory, wrapped without a copy when written.</summary>
internal sealed class MemoryTensor(DataType elementType, ImmutableArray<long> dimensions, ReadOnlyMemory<byte> bytes)
    : Tensor(elementType, dimensions)
{
    /// <summary>Not the tensor itself: a copy in a file has it, too, and must not keep the bytes in memory.</summary>
    internal override object Storage { get; } = new();

    public override ReadOnlySpan<T> AsSpan<T>() => MemoryMarshal.Cast<byte, T>(bytes.Span);

    public override ReadOnlyMemory<byte>? InPlace => bytes;

    internal override TensorProto ToProto(string name)
    {
        var proto = ToHeader(name);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        return proto;
    }

    internal override TensorProto ToHeader(string name) => new() { Name = name, DataType = (int)ElementType, Dims = { Dimensions } };
}

/// <summary>An array of any element type seen as bytes, so that it can be handed on as <see cref="Memory{T}"/> without a copy.</summary>
internal sealed class ArrayBytes<T>(T[] array) : MemoryManager<byte> where T : unmanaged
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(array.AsSpan());

    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        var handle = GCHandle.Alloc(array, GCHandleType.Pinned);
        return new MemoryHandle((byte*)handle.AddrOfPinnedObject() + elementIndex, handle);
    }

    public override void Unpin()
    {
        // The handle that Pin gave frees itself.
    }

    protected override void Dispose(bool disposing)
    {
        // An array owns nothing.
    }
}
