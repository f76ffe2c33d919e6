namespace ModelOptimizer.Quantization;

/// <summary>
/// The uniform grid that weights are rounded to. Codes are unsigned, 0 to <see cref="MaxCode"/>; signed element types show them
/// shifted by <see cref="Middle"/>.
/// </summary>
/// <param name="Bits">Bits of a code, 2 to 8.</param>
/// <param name="IsSymmetric">Whether zero is always the middle code; else each block chooses its own zero point.</param>
internal readonly record struct WeightGrid(int Bits, bool IsSymmetric)
{
    /// <summary>Bits that a code is stored in: 3 in 4, 5 to 7 in 8.</summary>
    public int StorageBits => Bits > 4 ? 8 : Bits > 2 ? 4 : 2;

    /// <summary>What is added to the codes of a symmetric grid where their place of storage takes its own middle for zero; else 0.</summary>
    public int StorageShift => IsSymmetric ? (1 << (StorageBits - 1)) - Middle : 0;

    public int MaxCode => (1 << Bits) - 1;

    /// <summary>The code of zero in a symmetric grid.</summary>
    public int Middle => 1 << (Bits - 1);

    /// <summary>
    /// The finest step for which no weight between <paramref name="minimum"/> and <paramref name="maximum"/> lies more than half a step
    /// from a code. A block without a weight worth a step (zeros, denormals) gets the step 1 and rounds to zero.
    /// </summary>
    public BlockScale Fit(float minimum, float maximum)
    {
        var fit = IsSymmetric ? FitSymmetric(minimum, maximum) : FitAsymmetric(MathF.Min(minimum, 0), MathF.Max(maximum, 0));
        return MathF.Abs(fit.Scale) < MinNormal ? new BlockScale(1, (byte)(IsSymmetric ? Middle : 0)) : fit;
    }

    private const float MinNormal = 1.17549435e-38f;

    // The signed grid has one code more below zero: few bits can't waste it, so a negative step turns the longer side of the block
    // towards it. With 7 or 8 bits that would gain less than 1 %, and positive steps are what other tools expect.
    private BlockScale FitSymmetric(float minimum, float maximum)
    {
        var (below, above) = (-minimum, maximum);
        // No branch: which side is longer can't be foreseen.
        if (Bits < 7)
            (below, above) = (float.MaxNative(-minimum, maximum), float.MinNative(-minimum, maximum));
        var scale = float.MaxNative(below / Middle, above / (Middle - 0.5f));
        return new BlockScale(Bits < 7 ? float.CopySign(scale, -minimum - maximum) : scale, (byte)Middle);
    }

    private BlockScale FitAsymmetric(float minimum, float maximum)
    {
        var scale = maximum / MaxCode - minimum / MaxCode;
        return new BlockScale(scale, (byte)Math.Clamp(MathF.Round(-minimum / scale), 0, MaxCode));
    }
}

/// <summary>What turns the codes of one block into weights: weight = (code − zero point) · scale.</summary>
internal readonly record struct BlockScale(float Scale, byte ZeroPoint);
