using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class MomentRoundingTests
{
    private static readonly AffineGrid Int8 = AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: false);
    private static readonly AffineGrid Reduced = AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: true);
    private static readonly AffineGrid UInt8 = AffineGrid.ForWeights(DataType.UInt8, symmetric: false, reduced: false);

    [Test]
    public void The_expected_error_is_never_larger_than_that_of_other_roundings(
        [Values("int8", "7 bits", "uint8")] string codes, [Values(0, null)] int? axis, [Values(1, 2, 6)] int groups, [Values(1, 3, 5)] int size) =>
        HoldsToOthers(codes switch { "int8" => Int8, "uint8" => UInt8, _ => Reduced }, axis, 6, groups, size);

    [Test]
    public void So_it_is_of_more_weights_than_pairs_are_looked_for() => HoldsToOthers(Int8, 0, 600, 1, 2);

    private static void HoldsToOthers(AffineGrid grid, int? axis, int channels, int groups, int size)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var kernel = Kernel(12, channels / groups, size, seed);
            var moments = Moments(channels, seed);
            var nearest = AffineTensor.Quantize(kernel, axis, grid);

            var balanced = MomentRounding.Balance(kernel, nearest, grid, moments);

            var (ours, theirs) = (ExpectedErrors(kernel, balanced, moments, groups), ExpectedErrors(kernel, nearest, moments, groups));
            var windows = ExpectedErrors(kernel, WindowRounding.Balance(kernel, nearest, grid), moments, groups);
            Assert.That(ours.Select((error, o) => error - Math.Min(theirs[o], windows[o])), Has.All.LessThan(1e-6));
            if (channels / groups * size * size >= 9)
                Assert.That(ours.Sum(), Is.LessThan(0.9 * theirs.Sum()), "where there are weights to choose from, it is smaller");
            Assert.That(Errors(kernel, balanced), Has.All.InRange(-1.001, 1.001));
            Assert.That(Codes(balanced), Has.All.InRange(grid.Low, grid.High));
            Assert.That(balanced.Scales, Is.EqualTo(nearest.Scales));
        }
    }

    [Test]
    public void What_the_means_shift_cancels()
    {
        // In unequal steps, so that pairs of them close any gap.
        var means = Enumerable.Range(0, 32).Select(c => 1 + c / 100f).ToArray();
        var (kernel, moments) = (Kernel(16, 32, 3, 1), new ChannelMoments(means, [.. means.Select(mean => mean * mean + 1e-4f)]));
        var nearest = AffineTensor.Quantize(kernel, 0, Int8);

        var balanced = MomentRounding.Balance(kernel, nearest, Int8, moments);

        Assert.That(Shifts(nearest).Max(), Is.GreaterThan(2), "there is something to mend");
        Assert.That(Shifts(balanced).Max(), Is.LessThan(0.05));

        IEnumerable<double> Shifts(AffineTensor rounded) =>
            Errors(kernel, rounded).Chunk(32 * 9).Select(errors => Math.Abs(errors.Select((error, i) => means[i / 9] * error).Sum()));
    }

    [Test]
    public void Without_means_and_windows_the_nearest_codes_are_best()
    {
        var kernel = Kernel(16, 32, 1, 1);
        var nearest = AffineTensor.Quantize(kernel, 0, Int8);

        var balanced = MomentRounding.Balance(kernel, nearest, Int8, new ChannelMoments(new float[32], [.. Enumerable.Repeat(1f, 32)]));

        Assert.That(Codes(balanced), Is.EqualTo(Codes(nearest)));
    }

    [Test]
    public void Zeros_stay_zero()
    {
        var content = Kernel(16, 4, 3, 1).AsSpan<float>().ToArray();
        for (var i = 0; i < content.Length; i += 3)
            content[i] = 0;
        var kernel = Tensor.Create([16, 4, 3, 3], content);

        var balanced = MomentRounding.Balance(kernel, AffineTensor.Quantize(kernel, 0, Int8), Int8, Moments(4, 1));

        Assert.That(Codes(balanced).Where((_, i) => i % 3 == 0), Has.All.EqualTo(0));
    }

    [Test]
    public void Moments_of_other_channels_leave_the_window_s_balance()
    {
        var kernel = Kernel(16, 4, 3, 1);
        var nearest = AffineTensor.Quantize(kernel, 0, Int8);
        var window = Codes(WindowRounding.Balance(kernel, nearest, Int8));

        Assert.That(Codes(new KernelRounding(Moments(5, 1)).Balance(kernel, nearest, Int8)), Is.EqualTo(window));
        Assert.That(Codes(new KernelRounding(null).Balance(kernel, nearest, Int8)), Is.EqualTo(window));
        Assert.That(Codes(new KernelRounding(Moments(4, 1)).Balance(kernel, nearest, Int8)), Is.Not.EqualTo(window));
    }

    private static Tensor Kernel(int outputs, int inputs, int size, int seed) =>
        Tensor.Create([outputs, inputs, size, size], Weights.Random(outputs * inputs * size * size, seed));

    /// <summary>Means on both sides of zero, some none, as large as the deviation and much larger.</summary>
    private static ChannelMoments Moments(int channels, int seed)
    {
        var (means, deviations) = (Weights.Random(channels, seed + 100), Weights.Random(channels, seed + 200));
        for (var c = 0; c < channels; c += 5)
            means[c] = 0;
        return new ChannelMoments(means, [.. means.Zip(deviations, (mean, deviation) => mean * mean + deviation * deviation)]);
    }

    /// <summary>For each output (Σ μ·e)² + Σ σ²·(½·(Σₖ e)² + ½·Σₖ e²), element by element.</summary>
    private static double[] ExpectedErrors(Tensor kernel, AffineTensor rounded, ChannelMoments moments, int groups)
    {
        var (outputs, inputs, errors) = ((int)kernel.Dimensions[0], (int)kernel.Dimensions[1], Errors(kernel, rounded));
        var window = errors.Length / outputs / inputs;
        return [.. Enumerable.Range(0, outputs).Select(o =>
        {
            var (shift, rest) = (0.0, 0.0);
            for (var c = 0; c < inputs; c++)
            {
                var channel = o / (outputs / groups) * inputs + c;
                var part = errors.AsSpan((o * inputs + c) * window, window).ToArray();
                double mean = moments.Means[channel];
                shift += mean * part.Sum();
                rest += (moments.Squares[channel] - mean * mean) * (part.Sum() * part.Sum() + part.Sum(error => error * error)) / 2;
            }
            return shift * shift + rest;
        })];
    }

    /// <summary>In steps.</summary>
    private static double[] Errors(Tensor kernel, AffineTensor rounded)
    {
        var (weights, layout, codes) = (kernel.AsSpan<float>().ToArray(), ChannelLayout.Of(kernel, rounded.Axis), Codes(rounded));
        return [.. weights.Select((weight, i) => rounded.Scales[i / layout.Inner % layout.Channels] is var scale
            ? codes[i] - scale.ZeroPoint - (double)(weight / scale.Scale) : 0)];
    }

    private static int[] Codes(AffineTensor rounded) => rounded.Codes.ElementType == DataType.Int8
        ? Array.ConvertAll(rounded.Codes.AsSpan<sbyte>().ToArray(), code => (int)code)
        : Array.ConvertAll(rounded.Codes.AsSpan<byte>().ToArray(), code => (int)code);
}
