namespace ModelOptimizer.Calibration;

/// <summary>Between which numbers a value is to be represented.</summary>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest, not below <paramref name="Low"/>.</param>
public readonly record struct ValueRange(float Low, float High);
