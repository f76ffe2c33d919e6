namespace ModelOptimizer.Reporting.Html.Charts;

/// <summary>A scale with round marks.</summary>
/// <param name="Title">What it measures.</param>
/// <param name="Low">The number at its start.</param>
/// <param name="High">The number at its end.</param>
/// <param name="Step">From one mark to the next.</param>
/// <param name="Format">How marks are written.</param>
internal sealed record Axis(string Title, double Low, double High, double Step, Func<double, string> Format)
{
    /// <summary>Marks wanted, more or less.</summary>
    private const int Marks = 5;

    public IEnumerable<double> Ticks
    {
        get
        {
            var count = (int)Math.Floor((High - Low) / Step + 1e-6);
            for (var i = 0; i <= count; i++)
                yield return Low + i * Step;
        }
    }

    /// <summary>Where a number lies, from 0 to 1.</summary>
    public double Place(double value) => Math.Clamp((value - Low) / (High - Low), 0, 1);

    /// <summary>One that has all values in it.</summary>
    /// <param name="floor">Lowest number that means anything, such as 0 of a size.</param>
    /// <param name="ceiling">Highest number that means anything, such as 1 of a rate.</param>
    /// <param name="unit">What steps are round multiples of: 1, or 2^20 for MiB.</param>
    public static Axis Over(string title, IEnumerable<double> values, Func<double, string> format, double floor = double.NegativeInfinity,
        double ceiling = double.PositiveInfinity, double unit = 1)
    {
        var (low, high) = values.Aggregate((Low: double.PositiveInfinity, High: double.NegativeInfinity), (span, value) =>
            (Math.Min(span.Low, value), Math.Max(span.High, value)));
        if (high - low < 1e-9 * Math.Max(1, Math.Abs(high)))
            (low, high) = (low - 0.01 * Math.Max(Math.Abs(low), 1), high + 0.01 * Math.Max(Math.Abs(high), 1));
        var step = RoundStep((high - low) / Marks / unit) * unit;
        var (first, last) = (Math.Floor(low / step) * step, Math.Ceiling(high / step) * step);
        return new(title, Math.Max(first, floor), Math.Min(last, ceiling), step, format);
    }

    /// <summary>From nothing on.</summary>
    public static Axis FromZero(string title, IEnumerable<double> values, Func<double, string> format, double unit = 1) =>
        Over(title, values.Append(0), format, floor: 0, unit: unit);

    /// <summary>1, 2 or 5 times a power of ten.</summary>
    private static double RoundStep(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch
        {
            <= 1.5 => power,
            <= 3.5 => 2 * power,
            <= 7 => 5 * power,
            _ => 10 * power,
        };
    }
}
