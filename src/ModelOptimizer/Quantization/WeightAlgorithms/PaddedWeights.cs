using System.Buffers;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Floats of a block, filled up with zeros to whole vectors, so that loops over them need no remainder: zeros add nothing to any sum. Borrowed:
/// dispose when done.
/// </summary>
internal readonly ref struct PaddedWeights : IDisposable
{
    public const int Lanes = 8;

    private readonly float[] _buffer;

    /// <param name="weights">Taken over when they fill the vectors; else copied.</param>
    public PaddedWeights(ReadOnlySpan<float> weights)
    {
        var length = (weights.Length + Lanes - 1) / Lanes * Lanes;
        _buffer = ArrayPool<float>.Shared.Rent(length);
        Elements = _buffer.AsSpan(0, length);
        weights.CopyTo(Elements);
        Elements[weights.Length..].Clear();
        Count = weights.Length;
    }

    /// <summary>All, with the zeros behind them.</summary>
    public Span<float> Elements { get; }

    /// <summary>How many there are without the zeros.</summary>
    public int Count { get; }

    public void Dispose() => ArrayPool<float>.Shared.Return(_buffer);
}
