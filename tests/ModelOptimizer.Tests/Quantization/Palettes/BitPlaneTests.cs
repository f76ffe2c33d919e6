using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class BitPlaneTests
{
    [Test]
    public void Tables_give_back_what_was_packed([Range(1, 8)] int bits, [Values(1, 7, 8, 33, 200)] int count)
    {
        byte[] codes = [.. Enumerable.Range(0, count).Select(i => (byte)(i * 37 % (1 << bits)))];
        var read = new byte[count];
        foreach (var plane in BitPlane.Of(bits))
        {
            var (packed, table) = (plane.Pack(codes), plane.Table());
            for (var i = 0; i < count; i++)
                read[i] += table[packed[i / plane.CodesPerByte] * plane.CodesPerByte + i % plane.CodesPerByte];
        }

        Assert.That(read, Is.EqualTo(codes));
    }

    [Test]
    public void No_bit_is_wasted([Range(1, 8)] int bits)
    {
        Assert.That(BitPlane.Of(bits).Sum(plane => plane.Width), Is.EqualTo(bits));
        Assert.That(BitPlane.ByteCount(800, bits), Is.EqualTo(100 * bits));
    }
}
