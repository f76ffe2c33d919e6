using System.Numerics.Tensors;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>A float32 tensor rounded to float16, and what got lost.</summary>
/// <param name="Values">The rounded values.</param>
/// <param name="HasNonFinite">Whether the source holds infinities or NaN.</param>
/// <param name="Overflows">Finite values too large for float16.</param>
/// <param name="Underflows">Values other than zero that became zero.</param>
internal sealed record HalfPrecision(Half[] Values, bool HasNonFinite, long Overflows, long Underflows)
{
    private const int Chunk = 1 << 16;

    public static HalfPrecision Convert(Tensor tensor)
    {
        var values = new Half[tensor.ElementCount];
        var (damaged, overflows, underflows) = (0L, 0L, 0L);
        Parallel.For(0, (values.Length + Chunk - 1) / Chunk, chunk =>
        {
            var start = chunk * Chunk;
            var length = Math.Min(Chunk, values.Length - start);
            var source = tensor.AsSpan<float>().Slice(start, length);
            var target = values.AsSpan(start, length);
            TensorPrimitives.ConvertToHalf(source, target);
            var (bad, over, under) = Count(source, target);
            Interlocked.Add(ref damaged, bad);
            Interlocked.Add(ref overflows, over);
            Interlocked.Add(ref underflows, under);
        });
        return new HalfPrecision(values, damaged > 0, overflows, underflows);
    }

    private static (long NonFinite, long Overflows, long Underflows) Count(ReadOnlySpan<float> source, ReadOnlySpan<Half> target)
    {
        var (bad, over, under) = (0L, 0L, 0L);
        for (var i = 0; i < source.Length; i++)
            if (!float.IsFinite(source[i]))
                bad++;
            else if (!Half.IsFinite(target[i]))
                over++;
            else if (target[i] == Half.Zero && source[i] != 0)
                under++;
        return (bad, over, under);
    }
}
