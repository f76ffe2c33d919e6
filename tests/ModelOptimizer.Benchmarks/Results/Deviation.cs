using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>How far outputs moved.</summary>
/// <param name="Relative">The largest |actual − expected| of a floating-point output as a part of that output's max|expected|; +∞ where NaN, infinities or shapes differ.</param>
/// <param name="Discrete">Elements of integer and boolean outputs that differ.</param>
internal readonly record struct Deviation(double Relative, long Discrete)
{
    public static Deviation operator +(Deviation a, Deviation b) => new(Math.Max(a.Relative, b.Relative), a.Discrete + b.Discrete);

    /// <summary>Whether a pass of that effect may do this, with the runtime's own optimizations off.</summary>
    public bool IsWithin(NumericEffect effect) => Discrete == 0 && Relative <= (effect == NumericEffect.Exact ? 1e-5 : 1e-4);

    /// <summary>Compares one run's outputs.</summary>
    public static Deviation Between(IReadOnlyList<Tensor?> expected, IReadOnlyList<Tensor?> actual) =>
        expected.Zip(actual, Between).Aggregate(default(Deviation), (sum, next) => sum + next);

    private static Deviation Between(Tensor? expected, Tensor? actual)
    {
        if (expected is null || actual is null || !OutputElements.CanRead(expected.ElementType))
            return default;
        if (expected.Type != actual.Type)
            return new(double.PositiveInfinity, 0);
        return OutputElements.IsReal(expected.ElementType)
            ? new(Relatively(Read(expected), Read(actual)), 0)
            : new(0, Read(expected).Zip(Read(actual)).LongCount(pair => pair.First != pair.Second));
    }

    private static double Relatively(double[] expected, double[] actual)
    {
        var largest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        var apart = expected.Zip(actual, Apart).DefaultIfEmpty(0).Max();
        return apart == 0 ? 0 : apart / largest;
    }

    private static double Apart(double expected, double actual) =>
        expected.Equals(actual) ? 0 : double.IsFinite(expected) && double.IsFinite(actual) ? Math.Abs(actual - expected) : double.PositiveInfinity;

    private static double[] Read(Tensor tensor)
    {
        var elements = new double[tensor.ElementCount];
        OutputElements.Read(tensor, 0, elements);
        return elements;
    }
}
