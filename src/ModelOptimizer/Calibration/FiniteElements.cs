using System.Numerics;

namespace ModelOptimizer.Calibration;

/// <summary>The smallest and the largest of many numbers, and whether infinite or undefined ones are among them, in one sweep.</summary>
internal static class FiniteElements
{
    /// <returns>False when not all of them are finite; then the extremes say nothing.</returns>
    public static bool TryExtremes(ReadOnlySpan<float> elements, out ValueRange extremes)
    {
        var step = Vector<float>.Count;
        var (lanes, others) = (Lanes.Empty, Lanes.Empty);
        var i = 0;
        // Two at a time: each would wait for itself.
        for (; i + 2 * step <= elements.Length; i += 2 * step)
        {
            lanes.Add(new Vector<float>(elements[i..]));
            others.Add(new Vector<float>(elements[(i + step)..]));
        }
        lanes.Join(others);
        var test = Vector.Sum(lanes.Tests);
        extremes = ValueRange.Empty;
        for (var lane = 0; lane < step; lane++)
            extremes = extremes.Join(new ValueRange(lanes.Lows[lane], lanes.Highs[lane]));
        for (; i < elements.Length; i++)
        {
            extremes = extremes.Join(new ValueRange(elements[i], elements[i]));
            test += elements[i] - elements[i];
        }
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

    private struct Lanes
    {
        public static Lanes Empty => new() { Lows = new(float.PositiveInfinity), Highs = new(float.NegativeInfinity) };

        public Vector<float> Lows { get; private set; }

        public Vector<float> Highs { get; private set; }

        /// <summary>What is finite less itself is zero; what is not is undefined, and stays so in the sum.</summary>
        public Vector<float> Tests { get; private set; }

        public void Add(Vector<float> x)
        {
            Lows = Vector.MinNative(Lows, x);
            Highs = Vector.MaxNative(Highs, x);
            Tests += x - x;
        }

        public void Join(Lanes other)
        {
            Lows = Vector.MinNative(Lows, other.Lows);
            Highs = Vector.MaxNative(Highs, other.Highs);
            Tests += other.Tests;
        }
    }
}
