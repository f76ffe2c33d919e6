using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>A block of weights and how much the error of each counts. Sums run in the same order on all machines.</summary>
/// <param name="weights">The weights.</param>
/// <param name="importance">As many factors, not negative.</param>
/// <param name="maxCode">The largest code.</param>
internal readonly ref struct WeightedBlock(PaddedWeights weights, PaddedWeights importance, int maxCode)
{
    private readonly ReadOnlySpan<float> _weights = weights.Elements;
    private readonly ReadOnlySpan<float> _importance = importance.Elements;

    /// <summary>Σ importance · (scale · (code − zero point) − weight)² with the nearest codes.</summary>
    public float Error(BlockScale scale)
    {
        var levels = new Levels(scale, maxCode);
        var errors = Vector256<float>.Zero;
        for (var i = 0; i < _weights.Length; i += PaddedWeights.Lanes)
        {
            var (weight, count) = Load(i);
            var error = levels.Of(weight) * levels.Scale - weight;
            errors += count * error * error;
        }
        return Vector256.Sum(errors);
    }

    /// <summary>
    /// The best scale for the codes that a scale gives, and how much of Σ importance · weight² these explain with it: the error is the rest.
    /// </summary>
    public (BlockScale Scale, float Explained) Refit(BlockScale scale)
    {
        var levels = new Levels(scale, maxCode);
        var (products, squares) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < _weights.Length; i += PaddedWeights.Lanes)
        {
            var (weight, count) = Load(i);
            var level = levels.Of(weight);
            products += count * level * weight;
            squares += count * level * level;
        }
        var product = Vector256.Sum(products);
        var best = product / Vector256.Sum(squares);
        return float.IsNormal(best) ? (scale with { Scale = best }, best * product) : (scale, float.NegativeInfinity);
    }

    private (Vector256<float> Weight, Vector256<float> Importance) Load(int i) => (
        Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(_weights), (nuint)i),
        Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(_importance), (nuint)i));
}

/// <summary>The nearest codes of weights, counted from the zero point.</summary>
internal readonly struct Levels(BlockScale scale, int maxCode)
{
    private readonly Vector256<float> _low = Vector256.Create((float)-scale.ZeroPoint);
    private readonly Vector256<float> _high = Vector256.Create((float)(maxCode - scale.ZeroPoint));

    public Vector256<float> Scale { get; } = Vector256.Create(scale.Scale);

    public Vector256<float> Of(Vector256<float> weights) => Vector256.ClampNative(Vector256.Round(weights / Scale), _low, _high);
}
