using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>A tensor that the runtime reads where it lies.</summary>
internal sealed class LentTensor : OrtRuntimeValue
{
    private MemoryHandle _pin;

    private LentTensor(OrtValue value, MemoryHandle pin) : base(value) => _pin = pin;

    /// <param name="tensor">Of a type that the runtime can hold.</param>
    /// <returns>Null for what native code can't read in place: strings, nothing, and elements that are not aligned.</returns>
    public static unsafe LentTensor? Of(Tensor tensor)
    {
        if (tensor.ElementType == Onnx.DataType.String || tensor.ElementCount == 0)
            return null;
        var pin = tensor.AsMemory().Pin();
        try
        {
            if ((nuint)pin.Pointer % (nuint)(tensor.ByteCount / tensor.ElementCount) == 0)
                return new(OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, (TensorElementType)tensor.ElementType,
                    [.. tensor.Dimensions], (nint)pin.Pointer, tensor.ByteCount), pin);
        }
        catch
        {
            pin.Dispose();
            throw;
        }
        pin.Dispose();
        return null;
    }

    public override void Dispose()
    {
        base.Dispose();
        _pin.Dispose();
    }
}
