using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>Between the runtime's metadata and our types.</summary>
internal static class OrtTypes
{
    /// <summary>Null when the value is no tensor. The runtime does not tell an unknown rank from a scalar; both come as rank 0.</summary>
    public static TensorType? ToTensorType(NodeMetadata metadata) => metadata.OnnxValueType == OnnxValueType.ONNX_TYPE_TENSOR
        ? new((DataType)metadata.ElementDataType, ToShape(metadata))
        : null;

    private static Shape ToShape(NodeMetadata metadata) =>
        new([.. metadata.Dimensions.Select((length, axis) => ToDimension(length, metadata.SymbolicDimensions[axis]))]);

    private static Dimension ToDimension(int length, string symbol) =>
        length >= 0 ? length : symbol.Length > 0 ? new(null, symbol) : Dimension.Unknown;
}
