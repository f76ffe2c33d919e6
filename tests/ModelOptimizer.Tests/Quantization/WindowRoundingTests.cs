using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class WindowRoundingTests
{
    /// <summary>Codes change the sum by whole steps, so that half a step may be left, and a little more where turning a code costs more.</summary>
    private const double HalfAStep = 0.52;

    private static readonly AffineGrid Int8 = AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: false);

    [TestCase(3, 1)]
    [TestCase(3, 4)]
    [TestCase(5, 1)]
    public void Errors_of_a_window_cancel(int size, int inputs)
    {
        var kernel = Kernel(16, inputs, size);
        var nearest = AffineTensor.Quantize(kernel, 0, Int8);

        var balanced = WindowRounding.Balance(kernel, nearest, Int8);

        Assert.Multiple(() =>
        {
            Assert.That(WindowErrors(kernel, nearest).Max(), Is.GreaterThan(1), "there is something to mend");
            Assert.That(WindowErrors(kernel, balanced).Max(), Is.LessThan(HalfAStep));
            Assert.That(Errors(kernel, balanced).Max(MathF.Abs), Is.LessThan(1));
            Assert.That(balanced.Scales, Is.EqualTo(nearest.Scales));
        });
    }

    [Test]
    public void Codes_stay_on_the_grid()
    {
        var reduced = AffineGrid.ForWeights(DataType.Int8, symmetric: true, reduced: true);
        var kernel = Kernel(64, 1, 3);

        var balanced = WindowRounding.Balance(kernel, AffineTensor.Quantize(kernel, 0, reduced), reduced);

        Assert.That(balanced.Codes.AsSpan<sbyte>().ToArray(), Has.All.InRange(reduced.Low, reduced.High));
    }

    [Test]
    public void Unsigned_codes_cancel_as_well()
    {
        var grid = AffineGrid.ForWeights(DataType.UInt8, symmetric: false, reduced: false);
        var kernel = Kernel(16, 2, 3);

        Assert.That(WindowErrors(kernel, WindowRounding.Balance(kernel, AffineTensor.Quantize(kernel, 0, grid), grid)).Max(), Is.LessThan(HalfAStep));
    }

    [Test]
    public void Zeros_stay_zero()
    {
        var content = Kernel(16, 1, 3).AsSpan<float>().ToArray();
        for (var i = 0; i < content.Length; i += 3)
            content[i] = 0;
        var kernel = Tensor.Create([16, 1, 3, 3], content);

        var codes = WindowRounding.Balance(kernel, AffineTensor.Quantize(kernel, 0, Int8), Int8).Codes.AsSpan<sbyte>().ToArray();

        Assert.That(codes.Where((_, i) => i % 3 == 0), Has.All.EqualTo(0));
    }

    [Test]
    public void A_window_of_one_element_is_rounded_to_nearest()
    {
        var kernel = Kernel(16, 8, 1);
        var nearest = AffineTensor.Quantize(kernel, 0, Int8);

        Assert.That(WindowRounding.Balance(kernel, nearest, Int8), Is.SameAs(nearest));
    }

    private static Tensor Kernel(int outputs, int inputs, int size) =>
        Tensor.Create([outputs, inputs, size, size], Weights.Random(outputs * inputs * size * size));

    private static List<float> WindowErrors(Tensor kernel, AffineTensor rounded)
    {
        var window = (int)(kernel.Dimensions[2] * kernel.Dimensions[3]);
        return [.. Errors(kernel, rounded).Chunk(window).Select(errors => MathF.Abs(errors.Sum()))];
    }

    /// <summary>In steps.</summary>
    private static List<float> Errors(Tensor kernel, AffineTensor rounded)
    {
        var (weights, layout) = (kernel.AsSpan<float>().ToArray(), ChannelLayout.Of(kernel, rounded.Axis));
        return [.. weights.Select((weight, i) => rounded.Scales[i / layout.Inner % layout.Channels] is var scale
            ? Code(rounded.Codes, i) - scale.ZeroPoint - weight / scale.Scale : 0)];
    }

    private static int Code(Tensor codes, int i) => codes.ElementType == DataType.Int8 ? codes.AsSpan<sbyte>()[i] : codes.AsSpan<byte>()[i];
}
