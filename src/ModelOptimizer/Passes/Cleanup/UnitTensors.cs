using System.Runtime.InteropServices;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Constants that hold one number throughout, told bit by bit.</summary>
internal static class UnitTensors
{
    public static bool AreOnes(Tensor tensor) => tensor.ElementType switch
    {
        DataType.Float => IsFilledWith(tensor, 1f),
        DataType.Double => IsFilledWith(tensor, 1.0),
        DataType.Float16 => IsFilledWith(tensor, (Half)1),
        DataType.BFloat16 => IsFilledWith<ushort>(tensor, 0x3F80),
        DataType.Int64 or DataType.UInt64 => IsFilledWith(tensor, 1L),
        DataType.Int32 or DataType.UInt32 => IsFilledWith(tensor, 1),
        DataType.Int16 or DataType.UInt16 => IsFilledWith<short>(tensor, 1),
        DataType.Int8 or DataType.UInt8 or DataType.Bool => IsFilledWith<byte>(tensor, 1),
        _ => false,
    };

    /// <summary>Zeros, of positive sign where there is one.</summary>
    public static bool AreZeros(Tensor tensor) => tensor.ElementType.BitWidth() >= 8 && IsFilledWith<byte>(tensor, 0);

    public static bool AreNegativeZeros(Tensor tensor) => tensor.ElementType switch
    {
        DataType.Float => IsFilledWith(tensor, -0f),
        DataType.Double => IsFilledWith(tensor, -0.0),
        DataType.Float16 or DataType.BFloat16 => IsFilledWith<ushort>(tensor, 0x8000),
        _ => false,
    };

    /// <summary>The first element is the one sought, and each equals the one before it.</summary>
    private static bool IsFilledWith<T>(Tensor tensor, T value) where T : unmanaged
    {
        if (tensor.ElementCount == 0)
            return false;
        var bytes = tensor.Bytes;
        var element = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
        return bytes.StartsWith(element) && bytes[element.Length..].SequenceEqual(bytes[..^element.Length]);
    }
}
