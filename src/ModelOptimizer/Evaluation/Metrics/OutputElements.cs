using System.Numerics;
using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Elements of any numeric type as doubles, a block at a time. Only 64-bit integers above 2^53 are rounded.</summary>
internal static class OutputElements
{
    /// <summary>Whether outputs of the type can be read as numbers at all.</summary>
    public static bool CanRead(DataType type) => IsReal(type) || IsDiscrete(type);

    public static bool IsReal(DataType type) => type is DataType.Float or DataType.Double or DataType.Float16 or DataType.BFloat16;

    public static bool IsDiscrete(DataType type) => type is DataType.Bool or DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64
        or DataType.UInt8 or DataType.UInt16 or DataType.UInt32 or DataType.UInt64;

    /// <summary>Fills <paramref name="destination"/> with the elements from <paramref name="start"/> on.</summary>
    public static void Read(Tensor tensor, long start, Span<double> destination)
    {
        switch (tensor.ElementType)
        {
            case DataType.Float: Convert<float>(tensor, start, destination); break;
            case DataType.Double: Convert<double>(tensor, start, destination); break;
            case DataType.Float16: Convert<Half>(tensor, start, destination); break;
            case DataType.BFloat16: ConvertBFloat16(tensor, start, destination); break;
            case DataType.Bool or DataType.UInt8: Convert<byte>(tensor, start, destination); break;
            case DataType.Int8: Convert<sbyte>(tensor, start, destination); break;
            case DataType.Int16: Convert<short>(tensor, start, destination); break;
            case DataType.UInt16: Convert<ushort>(tensor, start, destination); break;
            case DataType.Int32: Convert<int>(tensor, start, destination); break;
            case DataType.UInt32: Convert<uint>(tensor, start, destination); break;
            case DataType.Int64: Convert<long>(tensor, start, destination); break;
            case DataType.UInt64: Convert<ulong>(tensor, start, destination); break;
            default: throw new ArgumentException($"Elements of type {tensor.ElementType.ToOnnxName()} are no numbers", nameof(tensor));
        }
    }

    private static void Convert<T>(Tensor tensor, long start, Span<double> destination) where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(tensor.AsSpan<T>().Slice(checked((int)start), destination.Length), destination);

    /// <summary>bfloat16 is the upper half of a float32.</summary>
    private static void ConvertBFloat16(Tensor tensor, long start, Span<double> destination)
    {
        var halves = tensor.AsSpan<ushort>().Slice(checked((int)start), destination.Length);
        for (var i = 0; i < halves.Length; i++)
            destination[i] = BitConverter.Int32BitsToSingle(halves[i] << 16);
    }
}
