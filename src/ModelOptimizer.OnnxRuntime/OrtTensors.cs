using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>Copies tensors in and out of the runtime. The two number element types alike.</summary>
internal static class OrtTensors
{
    /// <summary>
    /// ONNX Runtime 1.31.1 makes tensors of no other type, though its kernels read some: types of less than a byte and of 8-bit floats are not
    /// registered, complex ones not implemented.
    /// </summary>
    public static bool CanHold(DataType type) => type is >= DataType.Float and <= DataType.UInt64 or DataType.BFloat16;

    public static OrtValue ToOrtValue(Tensor tensor)
    {
        if (tensor.ElementType == DataType.String)
            return ToStringValue(tensor);
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)tensor.ElementType, [.. tensor.Dimensions]);
        if (tensor.ElementCount > 0)
            tensor.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    /// <summary>A copy of the value, or null when it is no numeric tensor.</summary>
    public static Tensor? ToTensor(OrtValue value)
    {
        if (!value.IsTensor)
            return null;
        var info = value.GetTensorTypeAndShape();
        var type = (DataType)info.ElementDataType;
        return type == DataType.String || !CanHold(type) ? null : Tensor.Create(type, info.Shape, Bytes(value, info));
    }

    private static byte[] Bytes(OrtValue value, OrtTensorTypeAndShapeInfo info) =>
        info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray();

    private static OrtValue ToStringValue(Tensor tensor)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, [.. tensor.Dimensions]);
        for (var i = 0; i < tensor.Strings.Count; i++)
            value.StringTensorSetElementAt(tensor.Strings[i].Span, i);
        return value;
    }
}
