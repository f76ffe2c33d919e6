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
    /// <returns>A copy of what native code can't read in place: strings, nothing, elements that are not aligned, or not in memory.</returns>
    public static unsafe OrtRuntimeValue Of(Tensor tensor)
    {
        if (tensor.ElementType == Onnx.DataType.String || tensor.ElementCount == 0 || tensor.InPlace is not { } memory)
            return new(OrtTensors.ToOrtValue(tensor));
        var pin = memory.Pin();
        OrtRuntimeValue? lent = null;
        try
        {
            if ((nuint)pin.Pointer % (nuint)(tensor.ByteCount / tensor.ElementCount) != 0)
                return new(OrtTensors.ToOrtValue(tensor));
            return lent = new LentTensor(OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, (TensorElementType)tensor.ElementType,
                [.. tensor.Dimensions], (nint)pin.Pointer, tensor.ByteCount), pin);
        }
        finally
        {
            if (lent is null)
                pin.Dispose();
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _pin.Dispose();
    }
}
