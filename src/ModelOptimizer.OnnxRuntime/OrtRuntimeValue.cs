using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>A value in ONNX Runtime's memory.</summary>
internal sealed class OrtRuntimeValue(OrtValue value) : IRuntimeValue
{
    private Tensor? _tensor;

    public OrtValue Value { get; } = value;

    public Tensor? Tensor => _tensor ??= View();

    public void Dispose() => Value.Dispose();

    private Tensor? View()
    {
        if (!Value.IsTensor)
            return null;
        var info = Value.GetTensorTypeAndShape();
        var type = (DataType)info.ElementDataType;
        if (type.BitWidth() == 0)
            return null;
        return info.ElementCount == 0 ? Tensor.Over(type, info.Shape, default) : Tensor.Over(type, info.Shape, new RuntimeBytes(this).Memory);
    }

    /// <summary>The value's bytes, which keep it alive.</summary>
    private sealed class RuntimeBytes(OrtRuntimeValue owner) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => owner.Value.GetTensorMutableRawData();

        public override Memory<byte> Memory => CreateMemory(GetSpan().Length);

        public override unsafe MemoryHandle Pin(int elementIndex = 0)
        {
            fixed (byte* start = GetSpan())
                return new MemoryHandle(start + elementIndex, pinnable: this);
        }

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
