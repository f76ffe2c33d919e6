namespace ModelOptimizer.Quantization;

/// <summary>The few values that stand for many numbers: of those that few, the ones with the least squared error.</summary>
internal sealed class Codebook
{
    /// <summary>Points that the exact solution is found on, where there are more different numbers.</summary>
    private const int MostPoints = 2048;

    private const int MaxTurns = 32;

    /// <summary>Halfway between neighbouring entries: the largest number that belongs to the lower one.</summary>
    private readonly float[] _borders;

    /// <param name="entries">In ascending order.</param>
    public Codebook(float[] entries)
    {
        Entries = entries;
        _borders = new float[entries.Length - 1];
        for (var i = 1; i < entries.Length; i++)
        {
            var middle = (float)(((double)entries[i - 1] + entries[i]) / 2);
            // Between neighbouring floats there is none.
            _borders[i - 1] = middle < entries[i] ? middle : entries[i - 1];
        }
    }

    /// <summary>In ascending order.</summary>
    public float[] Entries { get; }

    /// <summary>
    /// Finds the entries. Up to some thousand different numbers they are the best there are; of more, the best on a fine grain, then improved
    /// by turns on the numbers themselves (Lloyd 1982). As many different numbers as entries, or fewer, are kept as they are. Zero stays zero where
    /// no fewer numbers are zero than an entry stands for on average, as in pruned weights.
    /// </summary>
    /// <param name="numbers">Finite; sorted by this.</param>
    /// <param name="count">Entries at most, from 2 to 256.</param>
    public static Codebook Find(float[] numbers, int count)
    {
        Array.Sort(numbers);
        var keepsZero = numbers.AsSpan().Count(0) >= Math.Max(1, numbers.Length / count);
        var points = LinePoints.Of(numbers, MostPoints, keepsZero);
        int[] begins = [.. OptimalClusters.Split(points, count).Select(points.Start), numbers.Length];
        var book = Centres(numbers, begins, keepsZero);
        for (var turn = 0; turn < MaxTurns && book.Move(numbers, begins); turn++)
            book = Centres(numbers, begins, keepsZero);
        return book;
    }

    /// <summary>The entry nearest to a number.</summary>
    public byte Nearest(float number)
    {
        var (low, high) = (0, _borders.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_borders[middle] < number)
                low = middle + 1;
            else
                high = middle;
        }
        return (byte)low;
    }

    /// <summary>The centres of clusters, of which each begins where the one before ends.</summary>
    private static Codebook Centres(ReadOnlySpan<float> numbers, int[] begins, bool keepsZero)
    {
        var entries = new List<float>(begins.Length - 1);
        for (var i = 0; i + 1 < begins.Length; i++)
            if (begins[i] < begins[i + 1])
                entries.Add(Centre(numbers[begins[i]..begins[i + 1]], keepsZero));
        return new Codebook([.. entries.Distinct()]);
    }

    private static float Centre(ReadOnlySpan<float> cluster, bool keepsZero)
    {
        if (cluster[0] == cluster[^1])
            return cluster[0];
        if (keepsZero && cluster[0] <= 0 && cluster[^1] >= 0 && cluster.Contains(0))
            return 0;
        var sum = 0.0;
        foreach (var number in cluster)
            sum += number;
        return (float)(sum / cluster.Length);
    }

    /// <summary>Gives each entry the numbers that are nearest to it.</summary>
    /// <returns>False when it has them already.</returns>
    private bool Move(ReadOnlySpan<float> numbers, int[] begins)
    {
        if (Entries.Length != begins.Length - 1)
            return false;
        var hasMoved = false;
        for (var i = 1; i < Entries.Length; i++)
        {
            var begin = FirstAbove(numbers, _borders[i - 1]);
            hasMoved |= begin != begins[i];
            begins[i] = begin;
        }
        return hasMoved;
    }

    private static int FirstAbove(ReadOnlySpan<float> numbers, float border)
    {
        var (low, high) = (0, numbers.Length);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            if (numbers[middle] <= border)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
