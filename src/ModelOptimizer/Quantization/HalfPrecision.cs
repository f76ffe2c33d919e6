using System.Buffers;
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
/// <param name="Lost">Those of them that were not as good as zero before.</param>
internal sealed record HalfPrecision(Tensor Content, bool HasNonFinite, long Overflows, long Underflows, long Lost)
{
    /// <summary>
    /// Weights below it have decayed in training: 1e-20, times any activation that float32 still tells from others, adds nothing to a sum.
    /// </summary>
    private static readonly float s_nothing = MathF.ScaleB(1, -64);

    private const int Chunk = 1 << 16;

    /// <summary>Why a tensor can't be had in 16 bits; null when it can: what is made anew lies in one array.</summary>
    public static string? TooLarge(Tensor tensor) => tensor.ElementCount <= Array.MaxLength / sizeof(ushort)
        ? null
        : "in 16 bits, too, it takes 2 GiB or more, and what is made anew must take less";

    /// <summary>Nothing but what is stored is held in memory.</summary>
    /// <param name="tensor">Of float32, and not <see cref="TooLarge"/>.</param>
    /// <param name="type">float16 or bfloat16.</param>
    /// <param name="factors">What values are divided by; what they can't be made of again counts as too large then.</param>
    public static HalfPrecision Convert(Tensor tensor, DataType type, HalfFactors? factors = null)
    {
        var bits = new ushort[tensor.ElementCount];
        var (damaged, overflows, underflows, lost) = (0L, 0L, 0L, 0L);
        using var held = tensor.Hold();
        Cores.For(0, Cores.Parts(bits.Length, Chunk), chunk =>
        {
            var start = chunk * Chunk;
            var length = Math.Min(Chunk, bits.Length - start);
            var part = Convert(tensor.AsSpan<float>().Slice(start, length), start, bits.AsSpan(start, length), type, factors);
            Interlocked.Add(ref damaged, part.NonFinite);
            Interlocked.Add(ref overflows, part.Overflows);
            Interlocked.Add(ref underflows, part.Underflows);
            Interlocked.Add(ref lost, part.Lost);
        });
        return new HalfPrecision(Tensor.Create(type, tensor.Dimensions.AsSpan(), bits), damaged > 0, overflows, underflows, lost);
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

    private static Losses Convert(ReadOnlySpan<float> source, int start, Span<ushort> target, DataType type, HalfFactors? factors)
    {
        var infinity = type == DataType.Float16 ? Float16Infinity : BFloat16Infinity;
        if (factors is null)
        {
            Round(source, target, type);
            return Count(source, source, target, infinity);
        }
        var buffer = ArrayPool<float>.Shared.Rent(source.Length);
        var scaled = buffer.AsSpan(0, source.Length);
        source.CopyTo(scaled);
        factors.Divide(start, scaled);
        Round(scaled, target, type);
        var losses = Count(source, scaled, target, infinity);
        Widen(target, type, scaled);
        factors.Multiply(start, scaled);
        // The lowest float32 is rounded to what float32 lacks.
        foreach (var number in scaled)
            if (!float.IsFinite(number))
                losses.Overflows++;
        ArrayPool<float>.Shared.Return(buffer);
        return losses;
    }

    private static Losses Count(ReadOnlySpan<float> source, ReadOnlySpan<float> scaled, ReadOnlySpan<ushort> target, ushort infinity)
    {
        var losses = default(Losses);
        for (var i = 0; i < source.Length; i++)
            if (!float.IsFinite(scaled[i]))
                losses.NonFinite++;
            else if ((target[i] & Magnitude) >= infinity)
                losses.Overflows++;
            else if ((target[i] & Magnitude) == 0 && source[i] != 0)
            {
                losses.Underflows++;
                losses.Lost += MathF.Abs(source[i]) >= s_nothing ? 1 : 0;
            }
        return losses;
    }

    private record struct Losses(long NonFinite, long Overflows, long Underflows, long Lost);
}
