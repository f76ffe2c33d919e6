using ModelOptimizer.Diagnosis;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Diagnosis;

public sealed class PairSumsTests
{
    private const float Infinity = float.PositiveInfinity;

    [TestCase(1, Infinity, true, false, TestName = "A number that became infinite is an overflow")]
    [TestCase(1, float.NaN, true, false, TestName = "A number that became undefined is an overflow")]
    [TestCase(Infinity, 7, false, false, TestName = "Infinity that became a number is none")]
    [TestCase(float.NaN, 7, false, false, TestName = "What was undefined and became a number is none")]
    [TestCase(float.NaN, Infinity, false, false, TestName = "What was undefined is nothing to compare with")]
    [TestCase(Infinity, Infinity, false, false, TestName = "Equal infinities are equal")]
    [TestCase(Infinity, -Infinity, false, true, TestName = "Infinities of both signs differ")]
    [TestCase(-Infinity, float.NaN, false, true, TestName = "Infinity that became undefined differs")]
    public void Only_numbers_overflow(float original, float candidate, bool isNotFinite, bool isOther)
    {
        var sums = Of([original, 3, 4], [candidate, 3, 4]);

        Assert.That((sums.IsNotFinite, sums.IsOtherInfinity), Is.EqualTo((isNotFinite, isOther)));
        Assert.That((sums.Ratio, sums.Signal >= 25), Is.EqualTo((isNotFinite || isOther ? double.PositiveInfinity : 0, true)));
    }

    [Test]
    public void Without_a_signal_noise_is_all_there_is() => Assert.That(Of([0, 0], [0, 1e-6f]).Ratio, Is.EqualTo(1));

    [Test]
    public void Large_negative_numbers_count_unless_they_are_masked()
    {
        float[] original = [-5000, -4000, 1, 2], candidate = [-60, -60, 1, 2];

        Assert.That(Of(original, candidate).Ratio, Is.EqualTo(1).Within(0.05));
        Assert.That(Of(original, candidate, vanishes: true).Ratio, Is.Zero);
    }

    [Test]
    public void Scores_vanish_behind_a_Softmax_that_is_all_they_are_for()
    {
        var g = new GraphBuilder();
        Value x = g.Input("x", DataType.Float, 2, 3), y = g.Input("y", DataType.Float, 2, 3);
        var mask = g.Op("Unsqueeze", g.Op("Mul", x, y), g.Constant(Tensor.Create([1], 0L)));
        var scores = g.Op("Add", y, mask);
        var residual = g.Op("Add", x, y);
        g.Output("attention", g.Op("Softmax", scores));
        g.Output("features", g.Op("Tanh", residual));
        g.Output("both", g.Op("Softmax", residual));
        var unread = g.Op("Neg", x);

        Assert.That(new[] { mask, scores, mask.Producer!.Input(0)! }.Select(Masks.VanishBehind), Is.All.True);
        Assert.That(new[] { residual, x, scores.Uses[0].User.Output(), unread }.Select(Masks.VanishBehind), Is.All.False);
    }

    private static PairSums Of(float[] original, float[] candidate, bool vanishes = false)
    {
        var sums = new PairSums(vanishes);
        sums.Add(Tensor.Create([original.Length], original), Tensor.Create([candidate.Length], candidate));
        return sums;
    }
}
