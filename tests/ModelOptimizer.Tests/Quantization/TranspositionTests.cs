using System.Runtime.Intrinsics.X86;
using CsCheck;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class TranspositionTests
{
    private static readonly Gen<(int Rows, int Columns, int Stride, int TargetStride)> Sizes =
        Gen.Select(Gen.Int[1, 150], Gen.Int[1, 150], Gen.Int[0, 20], Gen.Int[0, 20], (rows, columns, more, further) => (rows, columns, columns + more, rows + further));

    [Test]
    public void Floats_change_places_and_nothing_else_is_touched() => Sizes.Sample(size =>
    {
        var source = Enumerable.Range(0, size.Rows * size.Stride).Select(i => (float)i).ToArray();
        var target = new float[size.Columns * size.TargetStride];

        Transposition.Copy(source, size.Stride, size.Rows, size.Columns, target, size.TargetStride);

        return target.SequenceEqual(Expected(source, size));
    });

    [Test]
    public void Bytes_change_places_and_nothing_else_is_touched() => Sizes.Sample(size =>
    {
        var source = new byte[size.Rows * size.Stride];
        new Random(1).NextBytes(source);
        var target = new byte[size.Columns * size.TargetStride];

        Transposition.Copy(source, size.Stride, size.Rows, size.Columns, target, size.TargetStride);

        return target.SequenceEqual(Expected(source, size));
    });

    [Test]
    public void Tiles_of_4_are_turned_on_every_CPU() => Check(4, Transposition.Turn4);

    [Test]
    public void Tiles_of_8_are_turned_where_AVX_is()
    {
        if (!Avx.IsSupported)
            Assert.Ignore("This CPU has no AVX");
        Check(8, Transposition.Turn8);
    }

    private static void Check(int size, Turn turn)
    {
        const int stride = 21;
        var source = Enumerable.Range(0, size * stride).Select(i => (float)i).ToArray();
        var tile = new float[Transposition.Floats * Transposition.Floats];
        Array.Fill(tile, -1);

        turn(ref source[0], stride, ref tile[0]);

        for (var row = 0; row < Transposition.Floats; row++)
            for (var column = 0; column < Transposition.Floats; column++)
            {
                var expected = row < size && column < size ? column * stride + row : -1;
                Assert.That(tile[row * Transposition.Floats + column], Is.EqualTo(expected), $"[{row}, {column}]");
            }
    }

    private delegate void Turn(ref float source, int stride, ref float tile);

    private static T[] Expected<T>(T[] source, (int Rows, int Columns, int Stride, int TargetStride) size)
    {
        var target = new T[size.Columns * size.TargetStride];
        for (var row = 0; row < size.Rows; row++)
            for (var column = 0; column < size.Columns; column++)
                target[column * size.TargetStride + row] = source[row * size.Stride + column];
        return target;
    }
}
