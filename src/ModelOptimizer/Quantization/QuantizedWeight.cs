using System.Buffers;
using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Weights on a grid, channel by channel: one unpacked code for each weight and one scale (and zero point) for each block of
/// consecutive weights of a channel. The codes sit in a borrowed buffer: dispose when they are packed.
/// </summary>
/// <param name="isBlank">Without codes, scales and zero points.</param>
internal sealed class QuantizedWeight(WeightGrid grid, int channels, int depth, int blockSize, bool isBlank = false) : IDisposable
{
    private readonly bool _isBlank = isBlank;

    private readonly byte[] _codes = isBlank ? [] : ArrayPool<byte>.Shared.Rent(checked(channels * depth));

    public WeightGrid Grid { get; } = grid;

    public int Channels { get; } = channels;

    public int Depth { get; } = depth;

    /// <summary>Weights in a block; the depth itself when there is one scale for each channel.</summary>
    public int BlockSize { get; } = blockSize;

    /// <summary>Blocks of a channel, the last of which may be partial.</summary>
    public int Blocks { get; } = BlocksOf(depth, blockSize);

    /// <summary>Scales [channels, blocks].</summary>
    public float[] Scales { get; } = isBlank ? [] : new float[channels * BlocksOf(depth, blockSize)];

    /// <summary>Zero points [channels, blocks], unsigned.</summary>
    public byte[] ZeroPoints { get; } = isBlank ? [] : new byte[channels * BlocksOf(depth, blockSize)];

    /// <summary>Nothing but the form of a weight, whose constants are zeros: for who asks for their sizes only.</summary>
    public static QuantizedWeight Blank(WeightGrid grid, WeightMatrix form, int blockSize) =>
        new(grid, form.Channels, form.Depth, blockSize, isBlank: true);

    /// <summary>A constant of it, whose elements are made where it has any.</summary>
    public Tensor ToTensor<T>(DataType type, ReadOnlySpan<long> dimensions, Func<T[]> elements) where T : unmanaged =>
        _isBlank ? Tensor.Zeros(type, dimensions) : Tensor.Create(type, dimensions, elements());

    /// <summary>Unsigned codes [channels, depth].</summary>
    public Span<byte> Codes => _codes.AsSpan(0, Channels * Depth);

    /// <summary>What an algorithm gained that was judged by inputs; null where none was.</summary>
    public JudgedGain? Gain { get; set; }

    /// <summary>The codes of one block of a channel.</summary>
    public Span<byte> Block(int channel, int block)
    {
        var start = block * BlockSize;
        return _codes.AsSpan(channel * Depth + start, Math.Min(BlockSize, Depth - start));
    }

    /// <summary>Gives one block of a channel its scale.</summary>
    public void Set(int channel, int block, BlockScale scale) =>
        (Scales[channel * Blocks + block], ZeroPoints[channel * Blocks + block]) = (scale.Scale, scale.ZeroPoint);

    /// <summary>The same codes and scales, to be changed on their own.</summary>
    public QuantizedWeight Clone()
    {
        var clone = new QuantizedWeight(Grid, Channels, Depth, BlockSize);
        for (var channel = 0; channel < Channels; channel++)
            clone.TakeChannel(channel, this);
        return clone;
    }

    /// <summary>Takes over a channel of another weight of this form.</summary>
    public void TakeChannel(int channel, QuantizedWeight other)
    {
        other.Codes.Slice(channel * Depth, Depth).CopyTo(Codes[(channel * Depth)..]);
        other.Scales.AsSpan(channel * Blocks, Blocks).CopyTo(Scales.AsSpan(channel * Blocks));
        other.ZeroPoints.AsSpan(channel * Blocks, Blocks).CopyTo(ZeroPoints.AsSpan(channel * Blocks));
    }

    /// <summary>The weights of a channel that its codes stand for.</summary>
    public void Restore(int channel, Span<float> weights) => Restore(channel, 0, weights[..Depth]);

    /// <summary>Some of them.</summary>
    /// <param name="start">The first; there are as many as <paramref name="weights"/> takes.</param>
    public void Restore(int channel, int start, Span<float> weights)
    {
        var codes = Codes.Slice(channel * Depth + start, weights.Length);
        for (var k = 0; k < codes.Length;)
        {
            var block = (start + k) / BlockSize;
            var (scale, zero) = (Scales[channel * Blocks + block], (int)ZeroPoints[channel * Blocks + block]);
            for (var end = (int)Math.Min((block + 1L) * BlockSize - start, codes.Length); k < end; k++)
                weights[k] = (codes[k] - zero) * scale;
        }
    }

    /// <summary>Blocks of a channel, the last of which may be partial.</summary>
    public static int BlocksOf(int depth, int blockSize) => Cores.Parts(depth, blockSize);

    public void Dispose()
    {
        if (!_isBlank)
            ArrayPool<byte>.Shared.Return(_codes);
    }
}

/// <summary>Where codes are better than the nearest for the inputs that judge.</summary>
/// <param name="Better">Channels that gained; the others have the nearest codes.</param>
/// <param name="Channels">All of them.</param>
/// <param name="Error">The squared error of the products, as a part of what the nearest codes have.</param>
internal sealed record JudgedGain(int Better, int Channels, double Error)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"in {Better} of {Channels} channels, {100 * Error:0.#}% of the error of the nearest codes");
}
