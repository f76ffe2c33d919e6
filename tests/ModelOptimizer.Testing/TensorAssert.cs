using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>How far two tensors may lie apart: element by element, against the largest magnitude expected.</summary>
/// <param name="RelativeToMaximum">Allowed difference as a part of max|expected|; 0 asks for equal bits.</param>
/// <param name="Absolute">Difference that is allowed even where all expected numbers are smaller.</param>
public sealed record Tolerance(double RelativeToMaximum, double Absolute = 0)
{
    public static Tolerance BitExact { get; } = new(0);

    /// <summary>What a pass of this effect may change. <see cref="NumericEffect.Lossy"/> passes set their own tighter bound.</summary>
    public static Tolerance Of(NumericEffect effect) => effect switch
    {
        NumericEffect.Exact => BitExact,
        NumericEffect.Reassociates => new(1e-4),
        _ => new(0.1),
    };
}

/// <summary>Compares tensors and tells where they differ.</summary>
public static class TensorAssert
{
    /// <summary>Fails with the count, the first and the worst place of difference.</summary>
    public static void AreEqual(Tensor? expected, Tensor? actual, Tolerance tolerance, string name)
    {
        if (Difference(expected, actual, tolerance) is { } difference)
            Assert.Fail($"{name}: {difference}");
    }

    /// <summary>What differs, in words; null when the tensors agree within the tolerance.</summary>
    public static string? Difference(Tensor? expected, Tensor? actual, Tolerance tolerance)
    {
        if (expected is null || actual is null)
            return expected == actual ? null : "only one of the two is a tensor";
        if (expected.ElementType != actual.ElementType || !expected.Dimensions.SequenceEqual(actual.Dimensions))
            return $"expected {expected.Type}, got {actual.Type}";
        if (expected.Bytes.SequenceEqual(actual.Bytes))
            return null;
        if (expected.ElementType is not (DataType.Float or DataType.Double or DataType.Float16))
            return $"{expected.Type}: bytes differ from element {expected.Bytes.CommonPrefixLength(actual.Bytes) * 8 / expected.ElementType.BitWidth()} on";
        return Difference(ToDoubles(expected), ToDoubles(actual), expected.Type, tolerance);
    }

    private static string? Difference(double[] expected, double[] actual, TensorType type, Tolerance tolerance)
    {
        var largest = expected.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        var allowed = Math.Max(tolerance.Absolute, tolerance.RelativeToMaximum * largest);
        var wrong = Enumerable.Range(0, expected.Length).Where(i => !IsClose(expected[i], actual[i], allowed)).ToList();
        if (wrong.Count == 0)
            return null;
        var worst = wrong.MaxBy(i => Math.Abs(expected[i] - actual[i]));
        return $"{type}: {wrong.Count} of {expected.Length} elements differ by more than {allowed:g3}; "
            + $"first at {Place(wrong[0])}, worst at {Place(worst)}";

        string Place(int index) => $"{Index(index, type.Shape!)} (expected {expected[index]:g9}, got {actual[index]:g9})";
    }

    private static bool IsClose(double expected, double actual, double allowed) =>
        BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual)
        || (allowed > 0 && ((double.IsNaN(expected) && double.IsNaN(actual)) || Math.Abs(expected - actual) <= allowed));

    private static string Index(int linear, Shape shape)
    {
        var index = new long[shape.Rank];
        for (var axis = shape.Rank - 1; axis >= 0; axis--)
            (linear, index[axis]) = ((int)(linear / shape[axis].Value!.Value), linear % shape[axis].Value!.Value);
        return $"[{string.Join(',', index)}]";
    }

    private static double[] ToDoubles(Tensor tensor) => tensor.ElementType switch
    {
        DataType.Double => tensor.AsSpan<double>().ToArray(),
        DataType.Float16 => [.. tensor.AsSpan<Half>().ToArray().Select(h => (double)h)],
        _ => [.. tensor.AsSpan<float>().ToArray().Select(f => (double)f)],
    };
}
