using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>A float32 tensor rounded to 16 bits, half to even, and what got lost.</summary>
/// <param name="Content">The rounded values.</param>
/// <param name="HasNonFinite">Whether the source holds infinities or NaN.</param>
/// <param name="Overflows">Finite values too large for the type.</param>
/// <param name="Underflows">Values other than zero that became zero.</param>
internal sealed record HalfPrecision(Tensor Content, bool HasNonFinite, long Overflows, long Underflows)
{
    private const int Chunk = 1 << 16;

    /// <summary>Why a tensor can't be had in 16 bits; null when it can: what is made anew lies in one array.</summary>
    public static string? TooLarge(Tensor tensor) => tensor.ElementCount <= Array.MaxLength / sizeof(ushort)
        ? null
        : "in 16 bits, too, it takes 2 GiB or more, and what is made anew must take less";

    /// <param name="tensor">Of float32, and not <see cref="TooLarge"/>.</param>
    /// <param name="type">float16 or bfloat16.</param>
    public static HalfPrecision Convert(Tensor tensor, DataType type)
    {
        var bits = new ushort[tensor.ElementCount];
        var (damaged, overflows, underflows) = (0L, 0L, 0L);
        using var held = tensor.Hold();
        Cores.For(0, Cores.Parts(bits.Length, Chunk), chunk =>
        {
            var start = chunk * Chunk;
            var length = Math.Min(Chunk, bits.Length - start);
            var source = tensor.AsSpan<float>().Slice(start, length);
            var target = bits.AsSpan(start, length);
            Round(source, target, type);
            var (bad, over, under) = Count(source, target, type == DataType.Float16 ? Float16Infinity : BFloat16Infinity);
            Interlocked.Add(ref damaged, bad);
            Interlocked.Add(ref overflows, over);
            Interlocked.Add(ref underflows, under);
        });
        return new HalfPrecision(Tensor.Create(type, tensor.Dimensions.AsSpan(), bits), damaged > 0, overflows, underflows);
    }

    /// <summary>Copies elements, which float32 holds exactly.</summary>
    /// <param name="halves">The bits of the elements.</param>
    /// <param name="type">float16 or bfloat16.</param>
    /// <param name="floats">Takes as many.</param>
    public static void Widen(ReadOnlySpan<ushort> halves, DataType type, Span<float> floats)
    {
        if (type == DataType.Float16)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(halves), floats);
            return;
        }
        for (var i = 0; i < halves.Length; i++)
            floats[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
    }

    private const ushort Float16Infinity = 0x7C00;

    private const ushort BFloat16Infinity = 0x7F80;

    private const ushort Magnitude = 0x7FFF;

    private static void Round(ReadOnlySpan<float> source, Span<ushort> target, DataType type)
    {
        if (type == DataType.Float16)
            TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<ushort, Half>(target));
        else
            for (var i = 0; i < source.Length; i++)
                target[i] = ToBFloat16(source[i]);
    }

    /// <summary>The upper half of the bits, rounded half to even; a carry into the exponent is right.</summary>
    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    private static (long NonFinite, long Overflows, long Underflows) Count(ReadOnlySpan<float> source, ReadOnlySpan<ushort> target, ushort infinity)
    {
        var (bad, over, under) = (0L, 0L, 0L);
        for (var i = 0; i < source.Length; i++)
            if (!float.IsFinite(source[i]))
                bad++;
            else if ((target[i] & Magnitude) >= infinity)
                over++;
            else if ((target[i] & Magnitude) == 0 && source[i] != 0)
                under++;
        return (bad, over, under);
    }
}
