using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>Σ left·right, added up in the same order on all machines, and in however many parts the numbers come.</summary>
internal struct DotProduct
{
    private Vector256<float> _sums;
    private float _rest;

    public readonly float Sum => Vector256.Sum(_sums) + _rest;

    /// <summary>Adds the next part.</summary>
    /// <param name="left">Of a multiple of 8 numbers, the last part apart.</param>
    /// <param name="right">As many.</param>
    public void Add(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var (sums, rest, i) = (_sums, _rest, 0);
        for (; i + Vector256<float>.Count <= left.Length; i += Vector256<float>.Count)
            sums += Vector256.Create(left[i..]) * Vector256.Create(right[i..]);
        for (; i < left.Length; i++)
            rest += left[i] * right[i];
        (_sums, _rest) = (sums, rest);
    }
}
