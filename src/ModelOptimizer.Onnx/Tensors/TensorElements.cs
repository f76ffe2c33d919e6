using System.Numerics;

namespace ModelOptimizer.Onnx;

/// <summary>Copies elements out of a tensor in one common type, whatever type they are stored in.</summary>
public static class TensorElements
{
    /// <summary>All elements as float32. Integers and doubles round to the nearest float; booleans are 0 and 1.</summary>
    /// <exception cref="NotSupportedException">The elements are strings or complex numbers.</exception>
    public static float[] ToFloats(this Tensor tensor) => tensor.ElementType switch
    {
        DataType.Float => tensor.AsSpan<float>().ToArray(),
        DataType.Double => Convert<double>(tensor, static v => (float)v),
        DataType.Float16 => Convert<Half>(tensor, static v => (float)v),
        DataType.BFloat16 => Convert<ushort>(tensor, FloatBits.FromBFloat16),
        DataType.Int64 => Convert<long>(tensor, static v => v),
        DataType.UInt64 => Convert<ulong>(tensor, static v => v),
        DataType.Int32 => Convert<int>(tensor, static v => v),
        DataType.UInt32 => Convert<uint>(tensor, static v => v),
        DataType.Int16 => Convert<short>(tensor, static v => v),
        DataType.UInt16 => Convert<ushort>(tensor, static v => v),
        _ => LookUp(tensor),
    };

    /// <summary>All elements as float64; 64-bit integers round to the nearest float.</summary>
    /// <exception cref="NotSupportedException">The elements are strings or complex numbers.</exception>
    public static double[] ToDoubles(this Tensor tensor) => tensor.ElementType == DataType.Double
        ? tensor.AsSpan<double>().ToArray()
        : Array.ConvertAll(tensor.ToFloats(), static v => (double)v);

    /// <summary>All elements of an integer or boolean tensor as int64.</summary>
    /// <exception cref="NotSupportedException">The elements are neither integers nor booleans.</exception>
    /// <exception cref="OverflowException">A uint64 exceeds int64.</exception>
    public static long[] ToInt64s(this Tensor tensor) => tensor.ElementType switch
    {
        DataType.Int64 => tensor.AsSpan<long>().ToArray(),
        DataType.UInt64 => Integers<ulong>(tensor),
        DataType.Int32 => Integers<int>(tensor),
        DataType.UInt32 => Integers<uint>(tensor),
        DataType.Int16 => Integers<short>(tensor),
        DataType.UInt16 => Integers<ushort>(tensor),
        DataType.Int8 => Integers<sbyte>(tensor),
        DataType.UInt8 or DataType.Bool => Integers<byte>(tensor),
        DataType.Int4 or DataType.UInt4 or DataType.Int2 or DataType.UInt2 => Array.ConvertAll(LookUp(tensor), static v => (long)v),
        _ => throw Unsupported(tensor),
    };

    private static float[] Convert<T>(Tensor tensor, Func<T, float> convert) where T : unmanaged
    {
        var source = tensor.AsSpan<T>();
        var floats = new float[source.Length];
        for (var i = 0; i < floats.Length; i++)
            floats[i] = convert(source[i]);
        return floats;
    }

    private static long[] Integers<T>(Tensor tensor) where T : unmanaged, INumberBase<T>
    {
        var source = tensor.AsSpan<T>();
        var integers = new long[source.Length];
        for (var i = 0; i < integers.Length; i++)
            integers[i] = long.CreateChecked(source[i]);
        return integers;
    }

    private static float[] LookUp(Tensor tensor)
    {
        var values = CodeTable.For(tensor.ElementType) ?? throw Unsupported(tensor);
        var codes = new byte[checked((int)tensor.ElementCount)];
        PackedCodes.Unpack(tensor.Bytes, tensor.ElementType.BitWidth(), codes);
        return Array.ConvertAll(codes, code => values[code]);
    }

    private static NotSupportedException Unsupported(Tensor tensor) => new($"{tensor} has no such numbers");
}
