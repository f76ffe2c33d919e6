using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class CodebookTests
{
    [Test]
    public void No_assignment_of_few_numbers_is_better([Values(2, 3, 4)] int count, [Values] bool keepsZero)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            // Coarse numbers, so that some are equal; a third are zero where zero is to be kept.
            float[] numbers = [.. Enumerable.Range(0, 8).Select(i => keepsZero && i * count < 9 + count ? 0 : random.Next(-20, 20) / 4f)];
            var best = BestOfAll(numbers, count, keepsZero || numbers.Count(number => number == 0) >= Math.Max(1, numbers.Length / count));

            var error = Error(numbers, Codebook.Find([.. numbers], count));
            Assert.That(error, Is.EqualTo(best).Within(1e-6), $"seed {seed}: {string.Join(" ", numbers)}");
        }
    }

    [TestCase(700, 4)]
    [TestCase(700, 16)]
    [TestCase(20_000, 8)]
    [TestCase(20_000, 64)]
    [TestCase(50_000, 256)]
    public void No_random_start_of_Lloyd_is_better(int size, int count)
    {
        var random = new Random(size + count);
        float[] numbers = [.. Weights.Random(size, seed: count).Select(weight => weight * (random.Next(50) == 0 ? 12 : 1))];
        var error = Error(numbers, Codebook.Find([.. numbers], count));

        var best = Enumerable.Range(0, size > 1000 ? 4 : 20).Min(seed => Error(numbers, Lloyd(numbers, count, new Random(seed))));
        // Of more numbers than points, the partition into points may cost a little.
        Assert.That(error, Is.LessThanOrEqualTo(best * (size > 1000 ? 1.0005 : 1 + 1e-6)));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(13)]
    [TestCase(16)]
    public void As_many_different_numbers_as_entries_are_kept(int different)
    {
        float[] values = [.. Weights.Random(different, seed: 3).Select(weight => weight + 1000)];
        float[] numbers = [.. Enumerable.Range(0, 900).Select(i => values[i * 7 % different])];
        var book = Codebook.Find([.. numbers], 16);

        Assert.That(book.Entries, Is.EqualTo(values.Distinct().Order()));
        Assert.That(numbers.Select(number => book.Entries[book.Nearest(number)]), Is.EqualTo(numbers));
    }

    [Test]
    public void Neighbouring_floats_are_told_apart()
    {
        float[] numbers = [1, float.BitIncrement(1), float.BitIncrement(float.BitIncrement(1)), float.Epsilon, 0, float.MaxValue, float.MinValue];
        var book = Codebook.Find([.. numbers], 8);

        Assert.That(numbers.Select(number => book.Entries[book.Nearest(number)]), Is.EqualTo(numbers));
    }

    [Test]
    public void Zeros_of_pruned_weights_stay_zero([Values(4, 16, 256)] int count, [Values(1000, 30_000)] int size)
    {
        float[] numbers = [.. Weights.Random(size).Select((weight, i) => i % 3 == 0 ? 0 : weight)];
        var book = Codebook.Find([.. numbers], count);

        Assert.That(book.Entries, Has.Length.EqualTo(count));
        Assert.That(book.Entries[book.Nearest(0)], Is.Zero);
    }

    [Test]
    public void Few_zeros_do_not_cost_an_entry()
    {
        float[] numbers = [.. Weights.Random(1000).Select(weight => weight < 0 ? weight - 10 : weight + 10), 0];

        Assert.That(Codebook.Find([.. numbers], 2).Entries, Has.None.Zero);
    }

    [Test]
    public void The_nearest_entry_is_found()
    {
        var book = Codebook.Find(Weights.Random(5000), 32);

        foreach (var number in Weights.Random(1000, seed: 9).Append(1e30f).Append(-1e30f))
            Assert.That(Math.Abs(number - book.Entries[book.Nearest(number)]), Is.EqualTo(book.Entries.Min(entry => Math.Abs(number - entry))));
    }

    private static double Error(float[] numbers, Codebook book) => numbers.Sum(number => Square(number - (double)book.Entries[book.Nearest(number)]));

    private static double Square(double x) => x * x;

    /// <summary>The least error over every way to share the numbers out, each cluster about its mean, or zero where that is kept.</summary>
    private static double BestOfAll(float[] numbers, int count, bool keepsZero)
    {
        var (least, clusters) = (double.PositiveInfinity, new List<float>[count]);
        for (var assignment = 0; assignment < (int)Math.Pow(count, numbers.Length); assignment++)
        {
            for (var i = 0; i < count; i++)
                clusters[i] = [];
            var digits = assignment;
            foreach (var number in numbers)
            {
                clusters[digits % count].Add(number);
                digits /= count;
            }
            least = Math.Min(least, clusters.Where(cluster => cluster.Count > 0).Sum(cluster => Spread(cluster, keepsZero)));
        }
        return least;
    }

    private static double Spread(List<float> cluster, bool keepsZero)
    {
        var centre = keepsZero && cluster.Contains(0) ? 0 : cluster.Average(number => (double)number);
        return cluster.Sum(number => Square(number - centre));
    }

    private static Codebook Lloyd(float[] numbers, int count, Random random)
    {
        float[] entries = [.. random.GetItems(numbers, count).Distinct().Order()];
        for (var turn = 0; turn < 60; turn++)
        {
            var book = new Codebook(entries);
            entries = [.. numbers.GroupBy(book.Nearest).Select(cluster => (float)cluster.Average(number => (double)number)).Order()];
        }
        return new Codebook(entries);
    }
}
