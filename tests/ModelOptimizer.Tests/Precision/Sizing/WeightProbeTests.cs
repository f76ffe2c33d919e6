using ModelOptimizer.Passes.Sizing;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>What is concluded from a few choices that were measured.</summary>
public sealed class WeightProbeTests
{
    private const double Infinite = double.PositiveInfinity;

    /// <summary>Choices of the local errors 2 and 8 were measured.</summary>
    [TestCase(0.3, 0.9, 0, 0)]
    [TestCase(0.3, 0.9, 1, 0.15)]
    [TestCase(0.3, 1.2, 4, 0.6)]
    [TestCase(0.3, 0.9, 16, 1.8)]
    [TestCase(0, 0.6, 4, 0.2)]
    // Of one alone there is something to go by.
    [TestCase(0.3, Infinite, 1, 0.15)]
    [TestCase(0.3, Infinite, 4, 0.6)]
    [TestCase(0.3, Infinite, 8, Infinite)]
    [TestCase(Infinite, 0.8, 1, 0.1)]
    [TestCase(Infinite, 0.8, 2, Infinite)]
    [TestCase(Infinite, 0.8, 4, 0.4)]
    [TestCase(Infinite, 0.8, 8, 0.8)]
    [TestCase(double.NaN, 0.8, 4, 0.4)]
    public void Errors_follow_what_is_finite(double middle, double coarsest, double local, double error) =>
        Assert.That(WeightProbe.At([(2, middle), (8, coarsest)], local), Is.EqualTo(error).Within(1e-9));
}
