using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

public sealed class UnitTests
{
    [TestCase("25%", 0.25)]
    [TestCase("0.5 %", 0.005)]
    [TestCase("0.25", 0.25)]
    [TestCase("130%", 1.3)]
    [TestCase("1", 1)]
    public void A_ratio_is_a_percentage_or_a_fraction(string text, double value)
    {
        Assert.That(Ratio.TryParse(text, out var ratio));
        Assert.That(ratio.Value, Is.EqualTo(value));
    }

    [TestCase("2 MiB", 2097152)]
    [TestCase("2MB", 2000000)]
    [TestCase("1.5 KiB", 1536)]
    [TestCase("10 kB", 10000)]
    [TestCase("10 KB", 10000)]
    [TestCase("1 GiB", 1073741824)]
    [TestCase("1GB", 1000000000)]
    [TestCase("7 B", 7)]
    [TestCase("2048", 2048)]
    public void A_size_has_a_unit_or_counts_bytes(string text, long bytes)
    {
        Assert.That(ByteSize.TryParse(text, out var size));
        Assert.That(size.Bytes, Is.EqualTo(bytes));
    }

    [TestCase("5 ms", 5e-3)]
    [TestCase("1.5s", 1.5)]
    [TestCase("20 us", 20e-6)]
    [TestCase("2 min", 120)]
    public void A_time_has_a_unit(string text, double seconds)
    {
        Assert.That(Duration.TryParse(text, out var duration));
        Assert.That(duration.Value.TotalSeconds, Is.EqualTo(seconds).Within(1e-9));
    }

    [TestCase("")]
    [TestCase("%")]
    [TestCase("-5%")]
    [TestCase("1e3%")]
    [TestCase("1,5")]
    [TestCase("five")]
    [TestCase("5 percent")]
    public void Other_texts_are_no_ratios(string text) => Assert.That(Ratio.TryParse(text, out _), Is.False);

    [TestCase("")]
    [TestCase("MiB")]
    [TestCase("2 mib")]
    [TestCase("2 TiB2")]
    [TestCase("-2 MiB")]
    [TestCase("1.2.3 MB")]
    [TestCase("9999999999999 GiB")]
    public void Other_texts_are_no_sizes(string text) => Assert.That(ByteSize.TryParse(text, out _), Is.False);

    [TestCase("")]
    [TestCase("5")]
    [TestCase("5 hours")]
    [TestCase("99999999999999999 min")]
    public void Other_texts_are_no_times(string text) => Assert.That(Duration.TryParse(text, out _), Is.False);

    [TestCase(0, "0 B")]
    [TestCase(1023, "1023 B")]
    [TestCase(1536, "1.5 KiB")]
    [TestCase(2097152, "2 MiB")]
    [TestCase(5368709120, "5 GiB")]
    public void A_size_is_shown_in_the_unit_that_fits(long bytes, string text) =>
        Assert.That(new ByteSize(bytes).ToString(), Is.EqualTo(text));

    [Test]
    public void What_is_shown_reads_back()
    {
        Assert.That(new Ratio(0.005).ToString(), Is.EqualTo("0.5%"));
        Assert.That(new Duration(TimeSpan.FromMilliseconds(5)).ToString(), Is.EqualTo("5 ms"));
    }
}
