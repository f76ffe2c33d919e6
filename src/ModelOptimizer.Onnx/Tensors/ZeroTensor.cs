using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Zeros that take no memory until somebody reads them: for models of which no more than the size is asked.</summary>
internal sealed class ZeroTensor(DataType elementType, ImmutableArray<long> dimensions) : Tensor(elementType, dimensions)
{
    private ReadOnlyMemory<byte>? _bytes;

    private ReadOnlyMemory<byte> Memory => _bytes ??= new ZeroBytes(checked((int)ByteCount)).Memory;

    public override ReadOnlySpan<T> AsSpan<T>() => MemoryMarshal.Cast<byte, T>(Memory.Span);

    internal override TensorProto ToProto(string name)
    {
        var proto = ToHeader(name);
        if (ByteCount <= ModelMessage.Limit)
            proto.RawData = UnsafeByteOperations.UnsafeWrap(Memory);
        return proto;
    }

    internal override TensorProto ToHeader(string name) => new() { Name = name, DataType = (int)ElementType, Dims = { Dimensions } };

    /// <summary>Memory whose length is known before there is any.</summary>
    private sealed class ZeroBytes(int length) : MemoryManager<byte>
    {
        private byte[]? _zeros;

        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan() => _zeros ??= new byte[length];

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException("Zeros are not given out of managed code");

        public override void Unpin()
        {
            // Nothing is pinned.
        }

        protected override void Dispose(bool disposing)
        {
            // An array owns nothing.
        }
    }
}
