using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>A value in ONNX Runtime's memory.</summary>
internal class OrtRuntimeValue(OrtValue value) : IRuntimeValue
{
    private Tensor? _tensor;
    private bool _isDisposed;

    public OrtValue Value { get; } = value;

    public Tensor? Tensor => _tensor ??= View();

    public virtual void Dispose()
    {
        _isDisposed = true;
        Value.Dispose();
    }

    private Tensor? View()
    {
        if (!Value.IsTensor)
            return null;
        var info = Value.GetTensorTypeAndShape();
        var type = (DataType)info.ElementDataType;
        if (type == DataType.String || !OrtTensors.CanHold(type))
            return null;
        return info.ElementCount == 0 ? Tensor.Over(type, info.Shape, default) : Tensor.Over(type, info.Shape, new RuntimeBytes(this).Memory);
    }

    /// <summary>The value's bytes, which keep it alive. Where they lie is asked once: each question costs the runtime several calls.</summary>
    private sealed unsafe class RuntimeBytes : MemoryManager<byte>
    {
        private readonly OrtRuntimeValue _owner;
        private readonly byte* _start;
        private readonly int _length;

        public RuntimeBytes(OrtRuntimeValue owner)
        {
            var bytes = owner.Value.GetTensorMutableRawData();
            _owner = owner;
            _start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
            _length = bytes.Length;
        }

        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(_owner._isDisposed, _owner);
            return new Span<byte>(_start, _length);
        }

        public override Memory<byte> Memory => CreateMemory(_length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, pinnable: this);

        public override void Unpin()
        {
            // The runtime's memory doesn't move.
        }

        protected override void Dispose(bool disposing)
        {
            // The value itself is disposed of by who runs the session.
        }
    }
}
