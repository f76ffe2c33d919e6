using System.Numerics;

namespace ModelOptimizer.Calibration;

/// <summary>The smallest and the largest of many numbers, and whether infinite or undefined ones are among them, in one sweep.</summary>
internal static class FiniteElements
{
    /// <returns>False when not all of them are finite; then the extremes say nothing.</returns>
    public static bool TryExtremes(ReadOnlySpan<float> elements, out ValueRange extremes)
    {
        var (low, high, test) = (float.PositiveInfinity, float.NegativeInfinity, 0f);
        var i = 0;
        if (elements.Length >= Vector<float>.Count)
        {
            var (lows, highs, tests) = (new Vector<float>(low), new Vector<float>(high), Vector<float>.Zero);
            for (; i + Vector<float>.Count <= elements.Length; i += Vector<float>.Count)
            {
                var x = new Vector<float>(elements[i..]);
                lows = Vector.MinNative(lows, x);
                highs = Vector.MaxNative(highs, x);
                // Zero times anything finite is zero; times infinite or undefined it is undefined, and stays so in the sum.
                tests += x * Vector<float>.Zero;
            }
            test = Vector.Sum(tests);
            for (var lane = 0; lane < Vector<float>.Count; lane++)
                (low, high) = (MathF.Min(low, lows[lane]), MathF.Max(high, highs[lane]));
        }
        for (; i < elements.Length; i++)
        {
            (low, high) = (MathF.Min(low, elements[i]), MathF.Max(high, elements[i]));
            test += elements[i] * 0;
        }
        extremes = new ValueRange(low, high);
        return test == 0;
    }

    /// <summary>The finite ones alone.</summary>
    public static float[] Of(ReadOnlySpan<float> elements)
    {
        var finite = new float[elements.Length];
        var count = 0;
        foreach (var element in elements)
            if (float.IsFinite(element))
                finite[count++] = element;
        return finite[..count];
    }
}
