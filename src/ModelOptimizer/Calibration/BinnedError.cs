using System.Numerics;

namespace ModelOptimizer.Calibration;

/// <summary>
/// The squared error that quantization makes of counted numbers, taken as spread evenly within each bin. Made for many questions: bins that are
/// clipped as a whole are not looked at one by one. Lengths are in widths of a bin, so that errors of one histogram compare.
/// </summary>
internal sealed class BinnedError
{
    private readonly double _width;
    private readonly int _first;
    private readonly double[] _counts;

    /// <summary>By how much fewer numbers lie in each bin than in the one before.</summary>
    private readonly double[] _drops;

    /// <summary>Sums over all bins before one: of the counts, of the counts times the bin's place, and times its square.</summary>
    private readonly (double Zeroth, double First, double Second)[] _moments;

    /// <param name="counts">How many numbers lie in each bin.</param>
    /// <param name="first">The lower edge of the first bin in widths.</param>
    /// <param name="width">The width of a bin.</param>
    public BinnedError(double[] counts, int first, double width)
    {
        (_counts, _first, _width) = (counts, first, width);
        _drops = new double[counts.Length];
        _moments = new (double, double, double)[counts.Length + 1];
        for (var i = 0; i < counts.Length; i++)
        {
            _drops[i] = (i == 0 ? 0 : counts[i - 1]) - counts[i];
            var (zeroth, firstMoment, second) = _moments[i];
            _moments[i + 1] = (zeroth + counts[i], firstMoment + counts[i] * i, second + counts[i] * i * i);
        }
    }

    /// <summary>The sum over all numbers, in squared widths.</summary>
    public double Of(QuantizationGrid grid)
    {
        var (scale, low, high) = (grid.Scale / _width, grid.Low / _width - _first, grid.High / _width - _first);
        var (firstInside, lastInside) = (Place(Math.Ceiling(low)), Place(Math.Floor(high)));
        var (firstReached, lastReached) = (Place(Math.Floor(low)), Place(Math.Ceiling(high)));
        if (scale == 0 || firstInside > lastInside)
            (firstInside, lastInside) = (lastReached, lastReached);
        var sum = Clipped(0, firstReached, low) + Rounded(firstInside, lastInside, scale) + Clipped(lastReached, _counts.Length, high);
        // What lies across an end.
        for (var i = firstReached; i < firstInside; i++)
            sum += _counts[i] * ErrorIn(i, scale, low, high);
        for (var i = lastInside; i < lastReached; i++)
            sum += _counts[i] * ErrorIn(i, scale, low, high);
        return sum;
    }

    private int Place(double edge) => (int)Math.Clamp(edge, 0, _counts.Length);

    /// <summary>Of bins that are clipped to a number beside them: the integral of (x − end)² over bin i is (end − i)² − (end − i) + 1/3.</summary>
    private double Clipped(int from, int to, double end)
    {
        var (before, after) = (_moments[from], _moments[to]);
        return (after.Zeroth - before.Zeroth) * (end * end - end + 1.0 / 3)
            + (after.First - before.First) * (1 - 2 * end) + (after.Second - before.Second);
    }

    /// <summary>Of bins where nothing is clipped: each integral is a difference at two edges, which the sum takes edge by edge.</summary>
    private double Rounded(int from, int to, double scale)
    {
        if (from >= to)
            return 0;
        var sum = Integral((_first + to) / scale) * _counts[to - 1] - Integral((_first + from) / scale) * _counts[from];
        var (lanes, step) = (Vector<double>.Zero, Vector<double>.Count);
        var (places, inverse) = (Vector.CreateSequence<double>(_first, 1), 1 / scale);
        var i = from + 1;
        for (; i + step <= to; i += step)
        {
            var edges = (places + new Vector<double>(i)) * inverse;
            var nearest = Vector.Round(edges);
            var off = edges - nearest;
            lanes += (nearest * (1.0 / 12) + off * off * off * (1.0 / 3)) * new Vector<double>(_drops, i);
        }
        sum += Vector.Sum(lanes);
        for (; i < to; i++)
            sum += Integral((_first + i) / scale) * _drops[i];
        return sum * scale * scale * scale;
    }

    private double ErrorIn(int bin, double scale, double low, double high)
    {
        var below = bin < low ? (Cube(Math.Min(bin + 1, low) - low) - Cube(bin - low)) / 3 : 0;
        var above = bin + 1 > high ? (Cube(bin + 1 - high) - Cube(Math.Max(bin, high) - high)) / 3 : 0;
        var (from, to) = (Math.Clamp(bin, low, high), Math.Clamp(bin + 1, low, high));
        var rounding = from < to ? scale * scale * scale * (Integral((_first + to) / scale) - Integral((_first + from) / scale)) : 0;
        return rounding + below + above;
    }

    /// <summary>The integral of (t − round(t))² from 0.</summary>
    private static double Integral(double t)
    {
        var nearest = Math.Round(t);
        return nearest / 12 + Cube(t - nearest) / 3;
    }

    private static double Cube(double x) => x * x * x;
}
