using System.Numerics.Tensors;

namespace ModelOptimizer.Calibration;

/// <summary>
/// How far counted numbers are from what is left of them when a stretch of the bins is quantized to so many levels: the Kullback-Leibler
/// divergence, where clipped numbers count for the outermost bin of the stretch. Made for many questions: it looks at levels, not at bins.
/// </summary>
internal sealed class BinnedDivergence
{
    /// <summary>A level that is empty where the original has numbers: nearly impossible, and not infinitely wrong.</summary>
    private const double Smallest = 1e-9;

    private readonly double[] _counts;

    /// <summary>Sums over all bins before one: of the counts n, of the bins that have any, and of n·log n.</summary>
    private readonly (double Counts, int Filled, double Logs)[] _before;
    private readonly double[] _levels;
    private readonly double[] _logs;

    /// <param name="counts">How many numbers lie in each bin.</param>
    /// <param name="levels">How many numbers the quantization knows, no more than bins.</param>
    public BinnedDivergence(double[] counts, int levels)
    {
        (_counts, _levels, _logs) = (counts, new double[levels], new double[levels]);
        _before = new (double, int, double)[counts.Length + 1];
        for (var i = 0; i < counts.Length; i++)
            _before[i + 1] = (_before[i].Counts + counts[i], _before[i].Filled + (counts[i] > 0 ? 1 : 0), _before[i].Logs + Log(counts[i]));
    }

    /// <summary>
    /// Few numbers in many bins look far from any smooth distribution; what that adds is taken off (Miller, "Note on the bias of information
    /// estimates", 1955).
    /// </summary>
    /// <param name="start">The first bin of the stretch.</param>
    /// <param name="end">The first bin behind it.</param>
    public double Of(int start, int end)
    {
        var total = _before[^1].Counts;
        var (clippedBelow, clippedAbove) = (_before[start].Counts, total - _before[end].Counts);
        var inside = _before[end].Counts - clippedBelow;
        if (inside == 0)
            return total == 0 ? 0 : double.PositiveInfinity;
        var (free, before) = (0, _before[start]);
        // Level by level the bins are shared out evenly; without a division for each.
        var (place, rest) = (start, 0);
        var (binsOfEach, left) = Math.DivRem(end - start, _levels.Length);
        for (var level = 0; level < _levels.Length; level++)
        {
            (place, rest) = (place + binsOfEach, rest + left);
            if (rest >= _levels.Length)
                (place, rest) = (place + 1, rest - _levels.Length);
            var after = _before[place];
            var (count, filled) = (after.Counts - before.Counts, after.Filled - before.Filled);
            free += Math.Max(0, filled - 1);
            _levels[level] = count;
            _logs[level] = filled == 0 ? Smallest : Math.Max(Smallest, count / (filled * inside));
            before = after;
        }
        _levels[0] += clippedBelow;
        _levels[^1] += clippedAbove;
        TensorPrimitives.Log(_logs, _logs);
        var original = _before[end].Logs - _before[start].Logs + Added(start, clippedBelow) + Added(end - 1, clippedAbove) - Log(total);
        return (original - TensorPrimitives.Dot<double>(_levels, _logs) - free / 2.0) / total;
    }

    /// <summary>What n·log n of a bin grows by.</summary>
    private double Added(int bin, double clipped) => Log(_counts[bin] + clipped) - Log(_counts[bin]);

    private static double Log(double count) => count > 0 ? count * Math.Log(count) : 0;
}
