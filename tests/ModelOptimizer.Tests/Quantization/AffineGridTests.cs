using CsCheck;
using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class AffineGridTests
{
    private static readonly AffineGrid[] Grids =
    [
        .. from type in new[] { DataType.UInt8, DataType.Int8, DataType.UInt16, DataType.Int16 }
           from symmetric in new[] { false, true }
           select AffineGrid.ForActivations(type, symmetric),
        .. from type in new[] { DataType.UInt8, DataType.Int8 }
           from symmetric in new[] { false, true }
           select AffineGrid.ForWeights(type, symmetric, reduced: true),
    ];

    private static readonly Gen<float> Number = Gen.Float[-1e6f, 1e6f];

    [Test]
    public void A_number_of_the_range_lies_within_half_a_step_of_its_code() =>
        Gen.Select(Gen.OneOf([.. Grids.Select(grid => Gen.Const(grid))]), Number, Number, Gen.Float[0, 1]).Sample((grid, a, b, part) =>
        {
            var (low, high) = (MathF.Min(a, b), MathF.Max(a, b));
            var x = Math.Clamp(low + part * (high - low), low, high);
            var scale = grid.Fit(new ValueRange(low, high));
            var error = Math.Abs((double)scale.Value(grid.Code(x, scale)) - x);
            // Float32 itself is off by 1/256 of a step where there are 2^16 of them.
            return error <= scale.Scale * 0.51 + 1e-30;
        });

    [Test]
    public void Zero_has_a_code_of_its_own() => Gen.Select(Gen.OneOf([.. Grids.Select(grid => Gen.Const(grid))]), Number, Number).Sample((grid, a, b) =>
    {
        var scale = grid.Fit(new ValueRange(MathF.Min(a, b), MathF.Max(a, b)));
        return scale.Value(grid.Code(0, scale)) == 0;
    });

    [TestCase(0f, 0f)]
    [TestCase(0f, 1e-44f)]
    [TestCase(-1e-44f, 0f)]
    public void A_range_of_nothing_gets_a_scale_that_can_be_divided_by(float low, float high)
    {
        foreach (var grid in Grids)
            Assert.That(grid.Fit(new ValueRange(low, high)).Scale, Is.EqualTo(1f), grid.ToString());
    }

    [Test]
    public void A_range_beyond_the_largest_float_still_has_a_finite_scale()
    {
        foreach (var grid in Grids)
            Assert.That(float.IsFinite(grid.Fit(new ValueRange(float.MinValue, float.MaxValue)).Scale), Is.True, grid.ToString());
    }

    [TestCase(-0.424213f, 2.8214867f, 33)]
    [TestCase(0f, 1f, 0)]
    [TestCase(-1f, 0f, 255)]
    [TestCase(1f, 2f, 0)]
    public void An_asymmetric_range_always_reaches_to_zero(float low, float high, int zeroPoint)
    {
        var scale = AffineGrid.ForActivations(DataType.UInt8, symmetric: false).Fit(new ValueRange(low, high));

        Assert.That(scale.ZeroPoint, Is.EqualTo(zeroPoint));
        Assert.That(scale.Scale, Is.EqualTo((MathF.Max(high, 0) - MathF.Min(low, 0)) / 255));
    }

    [Test]
    public void A_bias_that_does_not_fit_into_int32_makes_its_channel_coarser()
    {
        AffineScale[] weights = [new(1e-9f, 0), new(1e-2f, 0)];
        float[] bias = [10, 10];

        var wanted = QuantizedBias.WantedScales(bias, activationScale: 0.1f, weights)!;
        var scales = QuantizedBias.Scales(0.1f, [new(wanted[0], 0), weights[1]]);

        Assert.That(wanted[0], Is.GreaterThan(1e-9f));
        Assert.That(wanted[1], Is.Zero, "a channel whose bias fits stays as it is");
        Assert.That(QuantizedBias.Codes(bias, scales)[0] * (double)scales[0], Is.EqualTo(10).Within(1e-6));
    }

    [Test]
    public void A_channel_of_zeros_keeps_its_bias()
    {
        var content = Tensor.Create([2, 2], 0f, 0f, 1f, -1f);
        var grid = AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: false);

        var wanted = QuantizedBias.WantedScales([0.3f, 0.3f], 0.05f, AffineTensor.Fit(content, 0, grid));
        var weight = AffineTensor.Quantize(content, 0, grid, wanted);
        var scales = QuantizedBias.Scales(0.05f, weight.Scales);

        Assert.That(QuantizedBias.Codes([0.3f, 0.3f], scales)[0] * (double)scales[0], Is.EqualTo(0.3).Within(1e-7));
    }
}
