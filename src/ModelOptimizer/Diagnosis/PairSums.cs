using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Signal and noise of one value over all samples.</summary>
/// <param name="vanishes">Whether masked scores of it count for nothing: see <see cref="Masks.VanishBehind"/>.</param>
internal sealed class PairSums(bool vanishes = false)
{
    private const int Block = 1024;

    /// <summary>The candidate's power.</summary>
    private double _candidate;

    /// <summary>The sum of products.</summary>
    private double _product;

    public double Signal { get; private set; }

    public double Noise { get; private set; }

    /// <summary>True once the candidate's was not finite where the original's was.</summary>
    public bool IsNotFinite { get; private set; }

    /// <summary>True once the candidate's was undefined, or infinite with the other sign, where the original's was infinite.</summary>
    public bool IsOtherInfinity { get; private set; }

    /// <summary>True once both could not be held against each other: other types, other shapes.</summary>
    public bool IsIncomparable => WhyIncomparable is not null;

    public string? WhyIncomparable { get; private set; }

    public int Samples { get; private set; }

    /// <summary>Noise power over signal power; 1 where there is no signal, since noise is all there is.</summary>
    public double Ratio => IsNotFinite || IsOtherInfinity ? double.PositiveInfinity : Noise == 0 ? 0 : Signal == 0 ? 1 : Noise / Signal;

    /// <summary>What remains of <see cref="Ratio"/> when the candidate may be a multiple of the original: 1 − ρ² of their correlation.</summary>
    public double RatioOfMultiple => _candidate == 0 || Signal == 0 ? 1 : Math.Max(0, 1 - _product * _product / (Signal * _candidate));

    public void Add(Tensor? original, Tensor? candidate)
    {
        if (original is null || candidate is null || !OutputElements.IsReal(original.ElementType) || !OutputElements.IsReal(candidate.ElementType))
            WhyIncomparable ??= "it is not made of floats in both models";
        else if (original.ElementCount != candidate.ElementCount || !Long(original).SequenceEqual(Long(candidate)))
            WhyIncomparable ??= "its shape differs between the models";
        if (original is null || candidate is null || WhyIncomparable is not null)
            return;
        Samples++;
        Span<double> x = stackalloc double[Block];
        Span<double> y = stackalloc double[Block];
        for (var start = 0L; start < original.ElementCount; start += Block)
        {
            var count = (int)Math.Min(Block, original.ElementCount - start);
            OutputElements.Read(original, start, x[..count]);
            OutputElements.Read(candidate, start, y[..count]);
            Add(x[..count], y[..count]);
        }
    }

    private void Add(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys)
    {
        for (var i = 0; i < xs.Length; i++)
        {
            var (x, y) = (xs[i], ys[i]);
            if (vanishes && Masks.AreBoth(x, y))
                continue;
            if (!double.IsFinite(x) || !double.IsFinite(y))
            {
                // Numbers in the place of what is no number in the original are no loss.
                IsNotFinite |= double.IsFinite(x);
                IsOtherInfinity |= double.IsInfinity(x) && !double.IsFinite(y) && !x.Equals(y);
                continue;
            }
            Signal += x * x;
            Noise += (x - y) * (x - y);
            _candidate += y * y;
            _product += x * y;
        }
    }

    /// <summary>Axes of length 1 come and go.</summary>
    private static IEnumerable<long> Long(Tensor tensor) => tensor.Dimensions.Where(length => length != 1);
}
