using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class PaletteSearchTests
{
    private const int Channels = 32;

    [Test]
    public void One_loud_channel_does_not_cost_all_others([Values(5, 6, 8)] int bits)
    {
        var weight = Weight(72, channel => channel == 3 ? 1000 : 1);
        var palette = Find(weight, bits);

        Assert.That(palette.Factors, Is.Not.Null);
        Assert.That(Median(Sqnr(weight, palette)), Is.GreaterThan(6 * bits - 8));
        if (bits == 6)
            Assert.That(Find(weight, bits, hasFactors: false).Sqnr, Is.GreaterThan(palette.Sqnr), "taken together, all but one may be lost");
    }

    [Test]
    public void Filters_of_a_depthwise_convolution_keep_their_own_size([Values(5, 6, 8)] int bits)
    {
        var random = new Random(1);
        double[] sizes = [.. Enumerable.Range(0, Channels)
            .Select(_ => Math.Exp(4 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)))];
        var weight = Weight(9, channel => sizes[channel]);
        var palette = Find(weight, bits);

        Assert.That(palette.Factors, Is.Not.Null);
        Assert.That(Sqnr(weight, palette), Has.All.GreaterThan(6 * bits - 12));
    }

    /// <summary>Of fewer weights, channels differ by chance as much as is worth a factor.</summary>
    [Test]
    public void Channels_of_one_size_take_no_factors() =>
        Assert.That(Find(Weight(72, _ => 1), 6).Factors, Is.Null);

    [Test]
    public void A_channel_of_zeros_stays_zero_and_lets_others_have_factors()
    {
        var weight = Weight(72, channel => channel == 5 ? 0 : Math.Pow(1.5, channel));
        var palette = Find(weight, 4);

        Assert.That(palette.Factors![5], Is.Zero);
        Assert.That(Sqnr(weight, palette), Has.All.GreaterThan(12));
    }

    /// <summary>Nothing that is multiplied by it is seen.</summary>
    [Test]
    public void Dead_channels_do_not_ask_for_factors() =>
        Assert.That(Find(Weight(72, channel => channel % 3 == 0 ? 1e-20 : 1), 5).Factors, Is.Null);

    [Test]
    public void Factors_that_overflow_are_not_taken()
    {
        var weight = Weight(72, channel => channel % 2 == 0 ? 1e-30 : 1);
        var numbers = weight.AsSpan<float>().ToArray();
        for (var i = 72; i < 144; i++)
            numbers[i] = i == 80 ? float.MaxValue : i % 2 == 0 ? 1e38f : -1e38f;
        var palette = Find(Tensor.Create([Channels, 72], numbers), 2);

        Assert.That(Restored(palette), Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void What_fits_without_factors_is_second()
    {
        var palettes = new[] { 1.2, 1.5, 2, 3, 5 }.Select(step => Weight(129, channel => Math.Pow(step, channel % 4)))
            .Select(weight => new PaletteSearch(weight, new ChannelGroups(weight, 0, null), 8).Find(hasFactors: true)).ToList();

        Assert.That(palettes.Select(found => found.Count), Has.Some.EqualTo(2), "worse by no more than a bit");
        foreach (var found in palettes.Where(found => found.Count == 2))
        {
            Assert.That((found[0].Factors, found[1].Factors), Is.Not.EqualTo(((float[]?)null, (float[]?)null)));
            Assert.That(found[1].ByteCount, Is.LessThan(found[0].ByteCount));
            Assert.That(found[1].Errors.Sum() / found[0].Errors.Sum(), Is.InRange(1, 4));
        }
        Assert.That(palettes.Select(found => found.Count), Has.Some.EqualTo(1));
    }

    [Test]
    public void Bytes_are_known_before([Range(2, 8)] int bits, [Values(null, 5)] int? groupSize)
    {
        var weight = Weight(40, channel => channel + 1);
        var search = new PaletteSearch(weight, new ChannelGroups(weight, 0, groupSize), bits);

        Assert.That(search.PlainBytes(), Is.EqualTo(search.Find(hasFactors: false)[0].ByteCount));
    }

    /// <summary>Channels of a weight [blocks, rows, width, inner], place by place.</summary>
    [Test]
    public void Rows_and_sums_are_those_of_the_channels(
        [Values(1, 3)] int blocks, [Values(1, 2, 70)] int rows, [Values(1, 4)] int width, [Values(1, 300)] int inner, [Values(null, 1, 5)] int? size)
    {
        var weight = Tensor.Create([blocks * rows, width, inner], Weights.Random(blocks * rows * width * inner));
        var groups = new ChannelGroups(weight, 1, size, blocks);
        var (sums, seen) = (new double[blocks * width], new List<int>());
        for (var i = 0; i < weight.ElementCount; i++)
            sums[i / inner / width / rows * width + i / inner % width] += weight.AsSpan<float>()[i];

        var actual = groups.Sum(weight, (row, _, _, parts) =>
        {
            for (var i = 0; i < row.Length; i++)
                parts[i / inner] += row[i];
        });

        Assert.That(actual, Is.EqualTo(sums).Within(1e-3));
        for (var group = 0; group < groups.Count; group++)
        {
            var elements = groups.Rows(group)
                .SelectMany(row => Enumerable.Range(0, row.Channels * inner).Select(i => (At: row.Start + i, Channel: row.Channel + i / inner)))
                .ToList();
            Assert.That(elements, Has.Count.EqualTo(groups.Elements(group)));
            Assert.That(elements, Has.All.Matches<(int At, int Channel)>(each =>
                each.Channel == each.At / inner / width / rows * width + each.At / inner % width && groups.Of(each.Channel) == group));
            seen.AddRange(elements.Select(each => each.At));
        }
        Assert.That(seen.Order(), Is.EqualTo(Enumerable.Range(0, (int)weight.ElementCount)));
    }

    private static PalettizedWeight Find(Tensor weight, int bits, bool hasFactors = true) =>
        new PaletteSearch(weight, new ChannelGroups(weight, 0, null), bits).Find(hasFactors)[0];

    private static Tensor Weight(int depth, Func<int, double> size) =>
        Tensor.Create([Channels, depth], [.. Weights.Random(Channels * depth).Select((weight, i) => (float)(weight * size(i / depth)))]);

    private static List<double> Sqnr(Tensor weight, PalettizedWeight palette)
    {
        var (numbers, restored) = (weight.AsSpan<float>().ToArray(), Restored(palette));
        return [.. Enumerable.Range(0, Channels).Select(channel => Decibels(Enumerable.Range(channel * palette.Groups.Depth, palette.Groups.Depth)))];

        double Decibels(IEnumerable<int> places)
        {
            var noise = places.Sum(i => Math.Pow(numbers[i] - restored[i], 2));
            return noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(places.Sum(i => Math.Pow(numbers[i], 2)) / noise);
        }
    }

    private static float[] Restored(PalettizedWeight palette)
    {
        var (entries, depth) = (palette.Entries, palette.Groups.Depth);
        return [.. palette.Codes.Select((code, i) => entries[code] * (palette.Factors?[i / depth] ?? 1))];
    }

    private static double Median(List<double> numbers) => numbers.Order().ElementAt(numbers.Count / 2);
}
