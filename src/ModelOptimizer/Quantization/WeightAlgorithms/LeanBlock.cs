using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>A block of weights whose errors are measured by Σ |error|^p, p = 0.7. Sums run in the same order on all machines.</summary>
/// <param name="weights">The weights.</param>
/// <param name="maxCode">The largest code.</param>
internal readonly ref struct LeanBlock(PaddedWeights weights, int maxCode)
{
    public const float Power = 0.7f;

    private readonly ReadOnlySpan<float> _weights = weights.Elements;
    private readonly int _count = weights.Count;

    /// <summary>Σ |scale · (code − zero point) − weight|^p with the nearest codes.</summary>
    public float Norm(BlockScale scale)
    {
        var levels = new Levels(scale, maxCode);
        var sum = Vector256<float>.Zero;
        for (var i = 0; i < _weights.Length; i += PaddedWeights.Lanes)
        {
            var weight = Load(i);
            sum += Raise(Vector256.Abs(levels.Of(weight) * levels.Scale - weight));
        }
        return Vector256.Sum(sum);
    }

    /// <summary>
    /// Fits the line target = slope · level + rest by least squares, where a target is a weight without its shrunk error, and a level its nearest code
    /// counted from the zero point.
    /// </summary>
    /// <param name="penalty">How far errors may shrink: the larger, the less.</param>
    public TargetLine Shrink(BlockScale scale, float penalty)
    {
        var levels = new Levels(scale, maxCode);
        var sums = (Level: Vector256<float>.Zero, Target: Vector256<float>.Zero, Square: Vector256<float>.Zero, Product: Vector256<float>.Zero);
        for (var i = 0; i < _weights.Length; i += PaddedWeights.Lanes)
        {
            var weight = Load(i);
            var level = levels.Of(weight);
            var error = weight / levels.Scale - level;
            var size = Vector256.Abs(error);
            // |x|^(p−1) is infinite at zero: there nothing is left anyway.
            var left = Vector256.Max(Vector256<float>.Zero, size - Raise(size) / (Vector256.Max(size, Vector256.Create(1e-20f)) * penalty));
            var target = (weight / levels.Scale - Vector256.CopySign(left, error)) * levels.Scale;
            sums = (sums.Level + level, sums.Target + target, sums.Square + level * level, sums.Product + level * target);
        }
        return new TargetLine(_count, Vector256.Sum(sums.Level), Vector256.Sum(sums.Target), Vector256.Sum(sums.Square), Vector256.Sum(sums.Product));
    }

    private static Vector256<float> Raise(Vector256<float> sizes) => VectorPower.Raise(sizes, Power);

    private Vector256<float> Load(int i) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(_weights), (nuint)i);
}

/// <summary>Sums over the levels and targets of a block.</summary>
internal readonly record struct TargetLine(int Count, float Level, float Target, float Square, float Product)
{
    /// <summary>The best scale where the zero point stays.</summary>
    public float ScaleThroughZero => Product / Square;

    /// <summary>The best scale where it moves.</summary>
    public float Scale => (Count * Product - Level * Target) / (Count * Square - Level * Level);

    /// <summary>How far the zero point moves for a scale.</summary>
    public float Shift(float scale) => (Level - Target / scale) / Count;
}
