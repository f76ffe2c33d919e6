using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>The rule by which the ONNX project compares: |actual − expected| ≤ 1e-4 + 1e-3·|expected|, infinities and NaN alike.</summary>
internal static class Closeness
{
    private const float Relative = 1e-3f;
    private const float Absolute = 1e-4f;

    /// <summary>What differs, in words; null when the values agree.</summary>
    /// <param name="looseness">How many times as far apart they may be.</param>
    public static string? Difference(CaseValue expected, CaseValue actual, float looseness = 1)
    {
        if (expected.IsSequence != actual.IsSequence)
            return expected.IsSequence ? "is no sequence any more" : "became a sequence";
        if (expected.Tensors.Count != actual.Tensors.Count)
            return $"expected {expected.Tensors.Count} tensors, got {actual.Tensors.Count}";
        return expected.Tensors.Zip(actual.Tensors, (before, after) => Difference(before, after, looseness)).FirstOrDefault(difference => difference is not null);
    }

    private static string? Difference(Tensor expected, Tensor actual, float looseness)
    {
        if (expected.ElementType != actual.ElementType || !expected.Dimensions.SequenceEqual(actual.Dimensions))
            return $"expected {expected.Type}, got {actual.Type}";
        if (expected.ElementType == DataType.String)
            return Texts(expected).SequenceEqual(Texts(actual)) ? null : $"expected {Join(Texts(expected))}, got {Join(Texts(actual))}";
        return expected.Bytes.SequenceEqual(actual.Bytes) ? null : Difference(expected.ToFloats(), actual.ToFloats(), looseness);
    }

    private static string? Difference(float[] expected, float[] actual, float looseness)
    {
        var wrong = Enumerable.Range(0, expected.Length).Where(i => !IsClose(expected[i], actual[i], looseness)).ToList();
        return wrong is [var first, ..]
            ? $"{wrong.Count} of {expected.Length} elements differ, first element {first}: expected {expected[first]:g9}, got {actual[first]:g9}"
            : null;
    }

    private static bool IsClose(float expected, float actual, float looseness) =>
        expected.Equals(actual) || MathF.Abs(expected - actual) <= looseness * (Absolute + (Relative * MathF.Abs(expected)));

    private static IEnumerable<string> Texts(Tensor tensor) => tensor.Strings.Select(bytes => System.Text.Encoding.UTF8.GetString(bytes.Span));

    private static string Join(IEnumerable<string> texts) => string.Join(", ", texts.Select(text => $"'{text}'"));
}
