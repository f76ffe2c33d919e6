namespace ModelOptimizer.Calibration;

/// <summary>Between which numbers a value is to be represented.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest, not below <paramref name="Low"/>.</param>
public readonly record struct ValueRange(float Low, float High)
{
    /// <summary>The range of no number at all, which any other one joined to it replaces.</summary>
    internal static ValueRange Empty => new(float.PositiveInfinity, float.NegativeInfinity);

    internal bool IsEmpty => !(Low <= High);

    /// <summary>The largest distance from zero.</summary>
    public float Magnitude => MathF.Max(MathF.Abs(Low), MathF.Abs(High));

    internal ValueRange Join(ValueRange other) => new(MathF.Min(Low, other.Low), MathF.Max(High, other.High));
}
