using System.Globalization;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Pages of a mapped file are let go of as a model is read, and nobody notices.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MappedFileTests : IDisposable
{
    private const int Stretch = 1 << 20;
    private const int Stretches = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bytes = new byte[Stretches * Stretch];

    public MappedFileTests()
    {
        new Random(1).NextBytes(_bytes);
        File.WriteAllBytes(_folder["d"], _bytes);
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Pages_go_each_time_that_the_window_is_full()
    {
        var file = MappedFile.Open(_folder["d"], window: 4 * Stretch);
        for (var i = 0; i < Stretches; i++)
            Assert.That(file.Slice<byte>(i * Stretch, Stretch).SequenceEqual(_bytes.AsSpan(i * Stretch, Stretch)));

        Assert.That(file.Releases, Is.EqualTo(3), "after the 4th, 8th and 12th");
    }

    [Test]
    public void Pages_go_with_the_last_that_has_pinned_them()
    {
        var file = MappedFile.Open(_folder["d"]);
        var (first, second) = (file.Memory(0, Stretch).Pin(), file.Memory(Stretch, Stretch).Pin());

        first.Dispose();
        Assert.That(file.Releases, Is.Zero, "one still reads");
        second.Dispose();
        Assert.That(file.Releases, Is.EqualTo(1));
        Assert.That(file.Slice<byte>(0, Stretch).SequenceEqual(_bytes.AsSpan(0, Stretch)));
    }

    [Test]
    public void What_is_read_again_and_again_counts_once()
    {
        var file = MappedFile.Open(_folder["d"], window: 4 * Stretch);
        for (var i = 0; i < 100; i++)
            _ = file.Slice<byte>(0, Stretch);

        Assert.That(file.Releases, Is.Zero);
    }

    [Test]
    public void What_is_read_in_turn_counts_once()
    {
        var file = MappedFile.Open(_folder["d"], window: 4 * Stretch);
        for (var i = 0; i < 100; i++)
            _ = file.Slice<byte>(i % 3 * Stretch, Stretch);

        Assert.That(file.Releases, Is.Zero);
    }

    [Test]
    public void More_of_what_was_read_counts_as_more()
    {
        var file = MappedFile.Open(_folder["d"], window: 4 * Stretch);
        _ = file.Slice<byte>(0, Stretch);
        _ = file.Slice<byte>(0, 4 * Stretch);
        Assert.That(file.Releases, Is.Zero);

        _ = file.Slice<byte>(4 * Stretch, Stretch);
        Assert.That(file.Releases, Is.EqualTo(1));
    }

    [Test]
    public void A_span_from_before_reads_the_same_afterwards()
    {
        var file = MappedFile.Open(_folder["d"], window: Stretch);
        var first = file.Slice<byte>(0, Stretch);
        for (var i = 1; i < Stretches; i++)
            _ = file.Slice<byte>(i * Stretch, Stretch);

        Assert.That(file.Releases, Is.GreaterThan(0));
        Assert.That(first.SequenceEqual(_bytes.AsSpan(0, Stretch)));
    }

    [Test, Platform("Linux")]
    public void Pages_let_go_are_not_resident()
    {
        var file = MappedFile.Open(_folder["d"], window: 4 * Stretch);
        for (var i = 0; i < Stretches; i++)
            Assert.That(file.Slice<byte>(i * Stretch, Stretch).IndexOf(_bytes.AsSpan((i + 1) * Stretch - 8, 8)), Is.EqualTo(Stretch - 8));

        Assert.That(ResidentKilobytes(_folder["d"]), Is.InRange(1, 5 * Stretch / 1024));
    }

    [Test, Platform("Linux")]
    public void A_stretch_let_go_is_not_resident()
    {
        var file = MappedFile.Open(_folder["d"]);
        Assert.That(file.Slice<byte>(0, _bytes.Length).SequenceEqual(_bytes));
        file.LetGo(offset: 5, _bytes.Length - 5 - Stretch);

        Assert.That(ResidentKilobytes(_folder["d"]), Is.AtMost(Stretch / 1024 + 8));
        Assert.That(file.Slice<byte>(0, _bytes.Length).SequenceEqual(_bytes));
    }

    /// <summary>Rss of the mappings of a file.</summary>
    private static long ResidentKilobytes(string path)
    {
        var lines = File.ReadAllLines("/proc/self/smaps");
        return lines.Index().Where(line => line.Item.EndsWith(path, StringComparison.Ordinal))
            .Select(line => lines.Skip(line.Index).First(field => field.StartsWith("Rss:", StringComparison.Ordinal)))
            .Sum(rss => long.Parse(rss.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }
}
