using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Quantization;

public sealed class WeightMatrixTests
{
    /// <summary>Each look into a mapped file takes a lock, which all cores wait for.</summary>
    [Test]
    public void A_block_is_read_with_one_look_at_the_content(
        [Values(DataType.Float, DataType.Float16, DataType.BFloat16)] DataType type, [Values(0, 1, 2)] int channelAxis)
    {
        const int first = 1, channels = 3, start = 5, length = 4;
        var floats = Tensor.Create([6, 5, 7], Weights.Random(6 * 5 * 7));
        var content = type == DataType.Float ? floats : HalfPrecision.Convert(floats, type).Content;
        var (counted, numbers, block) = (new CountedTensor(content), content.ToFloats(), new float[channels * length]);
        var matrix = new WeightMatrix(counted, channelAxis);

        matrix.Read(first, channels, start, length, block);

        Assert.That(counted.Looks, Is.EqualTo(1));
        for (var i = 0; i < block.Length; i++)
        {
            var (channel, k) = (first + i / length, start + i % length);
            Assert.That(block[i], Is.EqualTo(numbers[(k / matrix.Inner * matrix.Channels + channel) * matrix.Inner + k % matrix.Inner]));
        }
    }
}
