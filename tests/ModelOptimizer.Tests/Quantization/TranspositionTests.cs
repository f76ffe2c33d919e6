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

    private static T[] Expected<T>(T[] source, (int Rows, int Columns, int Stride, int TargetStride) size)
    {
        var target = new T[size.Columns * size.TargetStride];
        for (var row = 0; row < size.Rows; row++)
            for (var column = 0; column < size.Columns; column++)
                target[column * size.TargetStride + row] = source[row * size.Stride + column];
        return target;
    }
}
