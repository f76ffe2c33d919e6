using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Bisection;

/// <summary>How far one output moved away from the original's.</summary>
/// <param name="Output">Its name.</param>
/// <param name="Change">
/// max |x − y| ÷ max |x| over the elements of the worst sample; infinite for what can't be measured so: integers and texts that differ, other
/// shapes, infinities and NaN where there were none.
/// </param>
/// <param name="Remark">Why it is infinite; null where it is not.</param>
public sealed record OutputChange(string Output, double Change, string? Remark = null)
{
    private const int Block = 4096;

    /// <summary>Compares the answers to one sample. A null is no numeric tensor.</summary>
    internal static OutputChange Of(string output, Tensor? expected, Tensor? actual)
    {
        if (expected is null || actual is null)
            return expected == actual ? new(output, 0) : Beyond("is a tensor in one of the two only");
        if (expected.Type != actual.Type)
            return Beyond($"{expected.Type} became {actual.Type}");
        if (expected.Bytes.SequenceEqual(actual.Bytes))
            return new(output, 0);
        return OutputElements.IsReal(expected.ElementType) ? Measure(output, expected, actual) : Beyond("elements differ");

        OutputChange Beyond(string remark) => new(output, double.PositiveInfinity, remark);
    }

    private static OutputChange Measure(string output, Tensor expected, Tensor actual)
    {
        var (x, y) = (new double[Block], new double[Block]);
        var (largest, difference) = (0.0, 0.0);
        for (var start = 0L; start < expected.ElementCount; start += Block)
        {
            var length = (int)Math.Min(Block, expected.ElementCount - start);
            OutputElements.Read(expected, start, x.AsSpan(0, length));
            OutputElements.Read(actual, start, y.AsSpan(0, length));
            for (var i = 0; i < length; i++)
            {
                if (double.IsFinite(x[i]))
                    largest = Math.Max(largest, Math.Abs(x[i]));
                difference = Math.Max(difference, Distance(x[i], y[i]));
            }
        }
        return double.IsInfinity(difference)
            ? new(output, difference, "values are not finite where they were, or the other way round")
            : new(output, difference == 0 ? 0 : difference / largest);
    }

    /// <summary>Equal infinities, and NaN for NaN, are no change.</summary>
    private static double Distance(double x, double y) => x.Equals(y) ? 0
        : double.IsFinite(x) && double.IsFinite(y) ? Math.Abs(x - y)
        : double.PositiveInfinity;
}
