using System.Runtime.Intrinsics;
using CsCheck;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class VectorPowerTests
{
    [Test]
    public void Powers_are_right_to_five_digits() =>
        Gen.Select(Gen.Double[-120, 120], Gen.Float[0.25f, 0.75f]).Sample((exponent, power) =>
        {
            var size = (float)Math.Pow(2, exponent);
            var raised = VectorPower.Raise(Vector256.Create(size), power)[0];
            return Math.Abs(raised / Math.Pow(size, power) - 1) < 1e-5;
        });

    [TestCase(0, 0)]
    [TestCase(1, 1)]
    public void Zero_and_one_stay(float size, float raised) =>
        Assert.That(VectorPower.Raise(Vector256.Create(size), 0.7f)[5], Is.EqualTo(raised).Within(1e-6f));
}
