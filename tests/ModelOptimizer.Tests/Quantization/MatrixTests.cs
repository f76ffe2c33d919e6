using CsCheck;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

/// <summary>Blocked products and factors against the plain loops that define them.</summary>
public sealed class MatrixTests
{
    [Test]
    public void Products_are_those_of_the_plain_loop() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 70], Gen.Int[1, 600], Gen.Bool, Gen.Bool).Sample((rows, columns, depth, transposed, subtracted) =>
        {
            var left = transposed
                ? MatrixView.Of(Numbers(depth * rows, 1), depth, rows).Transposed
                : MatrixView.Of(Numbers(rows * depth, 1), rows, depth);
            var right = MatrixView.Of(Numbers(depth * columns, 2), depth, columns);
            var (alone, together) = (MatrixView.Of(Numbers(rows * columns, 3), rows, columns), MatrixView.Of(Numbers(rows * columns, 3), rows, columns));
            var sign = subtracted ? -1 : 1;
            var expected = Enumerable.Range(0, rows * columns).Select(i => alone.Elements[i] + sign * Enumerable.Range(0, depth)
                .Sum(k => (double)left.Elements[left.At(i / columns, k)] * right.Elements[right.At(k, i % columns)])).ToList();

            MatrixProduct.Add(alone, left, right, sign);
            MatrixProduct.AddParallel(together, left, right, sign);

            return alone.Elements.SequenceEqual(together.Elements)
                && alone.Elements.Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-4 * (1 + Math.Sqrt(depth)));
        });

    [Test]
    public void Wider_vectors_change_no_bit() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 128], Gen.Int[1, 600]).Sample((rows, columns, depth) =>
        {
            var (left, right) = (MatrixView.Of(Numbers(rows * depth, 1), rows, depth), MatrixView.Of(Numbers(depth * columns, 2), depth, columns));
            var (narrow, wide) = (MatrixView.Of(Numbers(rows * columns, 3), rows, columns), MatrixView.Of(Numbers(rows * columns, 3), rows, columns));

            MatrixProduct.AddBlock<ProductKernel256>(narrow, left, right, -1);
            MatrixProduct.AddBlock<ProductKernel512>(wide, left, right, -1);

            return narrow.Elements.SequenceEqual(wide.Elements);
        });

    [TestCase(1000, 300)]
    [TestCase(513, 40)]
    public void The_Gram_matrix_of_many_inputs_is_whole(int size, int count)
    {
        var rows = MatrixView.Of(Numbers(count * size, 4), count, size);
        var gram = MatrixView.Of(new float[size * size], size, size);
        MatrixProduct.AddGram(gram, rows);
        MatrixProduct.Mirror(gram);

        var products = MatrixView.Of(new float[size * size], size, size);
        MatrixProduct.Add(products, rows.Transposed, rows);
        Assert.That(gram.Elements, Is.EqualTo(products.Elements));
    }

    [Test]
    public void A_part_of_a_matrix_changes_alone()
    {
        var whole = MatrixView.Of(new float[50 * 60], 50, 60);
        var (ones, twos) = (MatrixView.Of([.. Enumerable.Repeat(1f, 20)], 20, 1), MatrixView.Of([.. Enumerable.Repeat(2f, 25)], 1, 25));
        MatrixProduct.Add(whole.Slice(10, 20, 30, 25), ones, twos);

        for (var i = 0; i < 50; i++)
            for (var j = 0; j < 60; j++)
                Assert.That(whole.Elements[whole.At(i, j)], Is.EqualTo(i is >= 10 and < 30 && j is >= 30 and < 55 ? 2 : 0), $"[{i}, {j}]");
    }

    [TestCase(1)]
    [TestCase(63)]
    [TestCase(64)]
    [TestCase(200)]
    public void The_factor_of_a_Gram_matrix_gives_it_back(int size)
    {
        var rows = MatrixView.Of(Numbers((2 * size + 3) * size, 4), 2 * size + 3, size);
        var gram = MatrixView.Of(new float[size * size], size, size);
        MatrixProduct.AddGram(gram, rows);
        var factor = gram with { Elements = (float[])gram.Elements.Clone() };

        Assert.That(Cholesky.Factor(factor));
        for (var i = 0; i < size; i++)
            for (var j = i; j < size; j++)
            {
                var product = Enumerable.Range(0, i + 1).Sum(k => (double)factor.Elements[factor.At(k, i)] * factor.Elements[factor.At(k, j)]);
                Assert.That(product, Is.EqualTo(gram.Elements[gram.At(i, j)]).Within(1e-4 * size), $"[{i}, {j}]");
                var sum = Enumerable.Range(0, rows.Rows).Sum(k => (double)rows.Row(k)[i] * rows.Row(k)[j]);
                Assert.That(gram.Elements[gram.At(i, j)], Is.EqualTo(sum).Within(1e-4 * size));
            }
    }

    [TestCase(1, 2, 1)]
    [TestCase(-1, 0, 1)]
    [TestCase(float.NaN, 0, 1)]
    public void A_matrix_that_is_not_positive_definite_has_no_factor(float first, float above, float second) =>
        Assert.That(Cholesky.Factor(MatrixView.Of([first, above, 0, second], 2, 2)), Is.False);

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
