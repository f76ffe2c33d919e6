using System.Numerics.Tensors;

namespace ModelOptimizer.Pruning;

/// <summary>Means of the columns of rows.</summary>
internal static class RowMeans
{
    /// <summary>Takes the means of all rows off each.</summary>
    /// <param name="parts">Rows one behind the other; they are changed.</param>
    /// <param name="width">Elements of a row.</param>
    public static void TakeOff(IReadOnlyCollection<float[]> parts, int width)
    {
        var means = Of(parts.Select(part => (part, part.Length / width)), width);
        foreach (var part in parts)
            Add(part, means, -1);
    }

    /// <returns>By column: the mean of the first rows of each part.</returns>
    public static float[] Of(IEnumerable<(float[] Rows, int Count)> parts, int width)
    {
        var (sums, count) = (new double[width], 0L);
        foreach (var (rows, some) in parts)
        {
            for (var i = 0; i < some * width; i++)
                sums[i % width] += rows[i];
            count += some;
        }
        return [.. sums.Select(sum => (float)(sum / Math.Max(1, count)))];
    }

    /// <summary>Adds a multiple of one row to each.</summary>
    public static void Add(float[] rows, ReadOnlySpan<float> added, float factor)
    {
        for (var start = 0; start < rows.Length; start += added.Length)
            TensorPrimitives.MultiplyAdd(added, factor, rows.AsSpan(start, added.Length), rows.AsSpan(start, added.Length));
    }
}
