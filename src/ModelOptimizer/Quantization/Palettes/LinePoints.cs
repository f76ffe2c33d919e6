namespace ModelOptimizer.Quantization;

/// <summary>
/// Numbers in ascending order, equal or nearly equal ones taken together as points, and prefix sums that tell in no time what a run
/// of points costs as one cluster.
/// </summary>
internal sealed class LinePoints
{
    /// <summary>Sums of x and x² of all numbers before a point.</summary>
    private readonly double[] _firsts, _squares;

    /// <summary>Where the points begin among the numbers, and behind the last of them the count of numbers.</summary>
    private readonly int[] _starts;

    /// <summary>The point that is zero, where zero must stay what it is; else −1.</summary>
    private readonly int _zero;

    private LinePoints(ReadOnlySpan<float> numbers, int[] starts, bool keepsZero)
    {
        _starts = starts;
        Count = starts.Length - 1;
        (_firsts, _squares) = (new double[Count + 1], new double[Count + 1]);
        _zero = keepsZero ? ZeroAmong(numbers, starts) : -1;
        // Differences of sums lose digits with the distance from zero.
        var middle = keepsZero ? 0 : numbers[numbers.Length / 2];
        for (var point = 0; point < Count; point++)
        {
            var (first, square) = (_firsts[point], _squares[point]);
            for (var i = starts[point]; i < starts[point + 1]; i++)
            {
                var x = (double)numbers[i] - middle;
                (first, square) = (first + x, square + x * x);
            }
            (_firsts[point + 1], _squares[point + 1]) = (first, square);
        }
    }

    public int Count { get; }

    /// <summary>Makes points of numbers.</summary>
    /// <param name="numbers">In ascending order.</param>
    /// <param name="limit">
    /// Points at most. With more different numbers, a point is what lies in one of so many ranges as to the count of numbers and as to their
    /// size, half of the limit each: dense regions and wide ones both keep a fine grain.
    /// </param>
    /// <param name="keepsZero">Whether the cluster that holds zero has zero for its centre.</param>
    public static LinePoints Of(ReadOnlySpan<float> numbers, int limit, bool keepsZero)
    {
        var different = 1;
        for (var i = 1; i < numbers.Length; i++)
            different += numbers[i] == numbers[i - 1] ? 0 : 1;
        return new LinePoints(numbers, different <= limit ? Different(numbers) : Ranges(numbers, limit / 2), keepsZero);
    }

    /// <summary>Where a point begins among the numbers; for <see cref="Count"/> how many they are.</summary>
    public int Start(int point) => _starts[point];

    /// <summary>The least sum of (x − centre)² over the points from <paramref name="begin"/> to before <paramref name="end"/>.</summary>
    public double Cost(int begin, int end)
    {
        var square = _squares[end] - _squares[begin];
        if (begin <= _zero && _zero < end)
            return square;
        var first = _firsts[end] - _firsts[begin];
        return Math.Max(0, square - first * first / (_starts[end] - _starts[begin]));
    }

    /// <summary>Where the last cluster of the points before <paramref name="end"/> begins best, and what all cost then.</summary>
    /// <param name="before">What the points before a place cost in the clusters before.</param>
    /// <param name="first">The first place to look at.</param>
    /// <param name="last">The last one, before the end.</param>
    public (int Begin, double Cost) BestBegin(ReadOnlySpan<double> before, int first, int last, int end)
    {
        var (best, least, begin) = (first, double.PositiveInfinity, first);
        ReadOnlySpan<double> squares = _squares;
        for (var lastWithZero = _zero < end ? Math.Min(last, _zero) : -1; begin <= lastWithZero; begin++)
            if (before[begin] + (squares[end] - squares[begin]) is var cost && cost < least)
                (best, least) = (begin, cost);
        ReadOnlySpan<double> firsts = _firsts;
        ReadOnlySpan<int> starts = _starts;
        for (var (square, sum, start) = (squares[end], firsts[end], starts[end]); begin <= last; begin++)
        {
            var part = sum - firsts[begin];
            var cost = before[begin] + Math.Max(0, square - squares[begin] - part * part / (start - starts[begin]));
            if (cost < least)
                (best, least) = (begin, cost);
        }
        return (best, least);
    }

    private static int ZeroAmong(ReadOnlySpan<float> numbers, int[] starts)
    {
        for (var point = 0; point + 1 < starts.Length; point++)
            if (numbers[starts[point]] == 0)
                return point;
        return -1;
    }

    private static int[] Different(ReadOnlySpan<float> numbers)
    {
        var starts = new List<int> { 0 };
        for (var i = 1; i < numbers.Length; i++)
            if (numbers[i] != numbers[i - 1])
                starts.Add(i);
        return [.. starts, numbers.Length];
    }

    private static int[] Ranges(ReadOnlySpan<float> numbers, int count)
    {
        var (starts, least) = (new List<int> { 0 }, (double)numbers[0]);
        var width = (numbers[^1] - least) / count;
        for (var i = 1; i < numbers.Length; i++)
        {
            if (numbers[i] == numbers[i - 1])
                continue;
            var isSameShare = (long)i * count / numbers.Length == (long)starts[^1] * count / numbers.Length;
            var isSameRange = Math.Floor((numbers[i] - least) / width) == Math.Floor((numbers[starts[^1]] - least) / width);
            if (!isSameShare || !isSameRange || numbers[i] == 0 || numbers[i - 1] == 0)
                starts.Add(i);
        }
        return [.. starts, numbers.Length];
    }
}
