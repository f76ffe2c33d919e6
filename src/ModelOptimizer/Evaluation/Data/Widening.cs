using System.Numerics;
using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// The conversions that data may go through on its way to a model: those that lose nothing. NumPy's default integer depends on
/// the platform, so int32 arrays for int64 inputs are common; a lossy step (float64 to float32) is left to whoever made the data.
/// </summary>
internal static class Widening
{
    public static bool IsPossible(DataType from, DataType to) => from == to || (from, to) switch
    {
        (DataType.Float16, DataType.Float or DataType.Double) or (DataType.Float, DataType.Double) => true,
        (DataType.UInt8 or DataType.UInt16 or DataType.UInt32, DataType.UInt16 or DataType.UInt32 or DataType.UInt64) or
            (DataType.UInt8 or DataType.UInt16 or DataType.UInt32, DataType.Int16 or DataType.Int32 or DataType.Int64) or
            (DataType.Int8 or DataType.Int16 or DataType.Int32, DataType.Int16 or DataType.Int32 or DataType.Int64) => from.BitWidth() < to.BitWidth(),
        _ => false,
    };

    /// <summary>The same numbers in a wider type; the tensor itself when it has that type already.</summary>
    public static Tensor To(Tensor tensor, DataType type) => tensor.ElementType == type ? tensor : (tensor.ElementType, type) switch
    {
        (DataType.Float16, DataType.Float) => Convert<Half, float>(tensor, type),
        (DataType.Float16, DataType.Double) => Convert<Half, double>(tensor, type),
        (DataType.Float, DataType.Double) => Convert<float, double>(tensor, type),
        (_, DataType.UInt16) => FromIntegers<ushort>(tensor, type),
        (_, DataType.UInt32) => FromIntegers<uint>(tensor, type),
        (_, DataType.UInt64) => FromIntegers<ulong>(tensor, type),
        (_, DataType.Int16) => FromIntegers<short>(tensor, type),
        (_, DataType.Int32) => FromIntegers<int>(tensor, type),
        _ => FromIntegers<long>(tensor, type),
    };

    private static Tensor FromIntegers<T>(Tensor tensor, DataType type) where T : unmanaged, INumberBase<T> =>
        tensor.ElementType switch
        {
            DataType.UInt8 => Convert<byte, T>(tensor, type),
            DataType.UInt16 => Convert<ushort, T>(tensor, type),
            DataType.UInt32 => Convert<uint, T>(tensor, type),
            DataType.Int8 => Convert<sbyte, T>(tensor, type),
            DataType.Int16 => Convert<short, T>(tensor, type),
            DataType.Int32 => Convert<int, T>(tensor, type),
            _ => throw new ArgumentException($"{tensor.ElementType} is no narrower integer", nameof(tensor)),
        };

    private static Tensor Convert<TFrom, TTo>(Tensor tensor, DataType type)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
    {
        var wide = new TTo[tensor.ElementCount];
        TensorPrimitives.ConvertChecked(tensor.AsSpan<TFrom>(), wide.AsSpan());
        return Tensor.Create(type, tensor.Dimensions.AsSpan(), wide);
    }
}
