using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// The sums over elements x (original) and y (candidate) from which cosine, SQNR and largest error follow. Elements that are equal though not
/// finite (a masked −∞ in both) are no error and count in no sum; those not finite in only one of the two, and NaN in both, are counted apart.
/// </summary>
public readonly record struct RowSums(double XX, double YY, double XY, double SquaredError, double MaxAbsError, long NonFinite, long NotANumber)
{
    private const int BlockLength = 1024;

    /// <summary>Sums in element order with double precision, so that the result is the same on every machine.</summary>
    public static RowSums Of(Tensor expected, Tensor actual, long start, long length)
    {
        Span<double> x = stackalloc double[BlockLength];
        Span<double> y = stackalloc double[BlockLength];
        var sums = default(RowSums);
        for (var done = 0L; done < length; done += BlockLength)
        {
            var count = (int)Math.Min(BlockLength, length - done);
            OutputElements.Read(expected, start + done, x[..count]);
            OutputElements.Read(actual, start + done, y[..count]);
            sums = sums.Add(x[..count], y[..count]);
        }
        return sums;
    }

    private RowSums Add(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys)
    {
        var (xx, yy, xy, squared, max, nonFinite, nan) = (XX, YY, XY, SquaredError, MaxAbsError, NonFinite, NotANumber);
        for (var i = 0; i < xs.Length; i++)
        {
            var (x, y) = (xs[i], ys[i]);
            if (!double.IsFinite(x) || !double.IsFinite(y))
            {
                nonFinite += x.Equals(y) ? 0 : 1;
                nan += double.IsNaN(x) && double.IsNaN(y) ? 1 : 0;
                continue;
            }
            xx += x * x;
            yy += y * y;
            xy += x * y;
            squared += (x - y) * (x - y);
            max = Math.Max(max, Math.Abs(x - y));
        }
        return new RowSums(xx, yy, xy, squared, max, nonFinite, nan);
    }
}
