using System.Numerics.Tensors;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>What a node reads beside what it should make of it, row by row. Those that judge stand behind those that decide.</summary>
internal sealed class RefitRows
{
    /// <summary>Why a node stays as it is that there are no rows for.</summary>
    public const string TooFew = "the calibration data shows too few inputs of it to fit it anew";

    /// <summary>Of the samples one in four judges.</summary>
    private const int JudgingShare = 4;

    private RefitRows(float[] inputs, float[] targets, int count, int judging) => (Inputs, Targets, Count, Judging) = (inputs, targets, count, judging);

    /// <summary>[rows, inputs].</summary>
    public float[] Inputs { get; }

    /// <summary>[rows, outputs].</summary>
    public float[] Targets { get; }

    public int Count { get; }

    public int InputWidth => Inputs.Length / Count;

    public int TargetWidth => Targets.Length / Count;

    /// <summary>How many of the last rows judge.</summary>
    public int Judging { get; }

    public int Deciding => Count - Judging;

    /// <summary>Pairs what a node reads with what it should make; rows that are not finite are left out.</summary>
    /// <param name="read">What it reads now.</param>
    /// <param name="made">What the original made.</param>
    /// <param name="kept">Which of the original's outputs are left; null for all.</param>
    /// <param name="skip">What is added to its result now, and was in what the original made; null for nothing.</param>
    /// <param name="buffers">Where arrays come from.</param>
    /// <returns>Null where there are no such rows, or too few to judge by.</returns>
    public static RefitRows? Of(PlacedRows read, PlacedRows made, IReadOnlyList<int>? kept, PlacedRows? skip, FloatBuffers buffers)
    {
        if (read.Width == 0 || made.Width == 0)
            return null;
        var places = kept ?? [.. Enumerable.Range(0, made.Width)];
        if (made.Width <= places[^1] || (skip is not null && skip.Width != places.Count))
            return null;
        var triples = Triples(read, made, skip);
        triples = [.. triples.Where(triple => !triple.IsJudge), .. triples.Where(triple => triple.IsJudge)];
        var judging = triples.Count(triple => triple.IsJudge);
        if (judging == 0 || judging == triples.Count)
            return null;
        var (x, y) = (buffers.Rent(checked(triples.Count * read.Width)), buffers.Rent(checked(triples.Count * places.Count)));
        for (var row = 0; row < triples.Count; row++)
        {
            triples[row].Read.Span.CopyTo(x.AsSpan(row * read.Width));
            var target = y.AsSpan(row * places.Count, places.Count);
            var from = triples[row].Made.Span;
            for (var output = 0; output < target.Length; output++)
                target[output] = from[places[output]];
            if (skip is not null)
                TensorPrimitives.Subtract(target, triples[row].Skip.Span, target);
        }
        return new RefitRows(x, y, triples.Count, judging);
    }

    /// <summary>Gives the arrays back.</summary>
    public void Return(FloatBuffers buffers)
    {
        buffers.Return(Inputs);
        buffers.Return(Targets);
    }

    /// <summary>Rows of the same samples; those that have another number of rows by now, as what is found in pictures has, are left out.</summary>
    private static List<(bool IsJudge, ReadOnlyMemory<float> Read, ReadOnlyMemory<float> Made, ReadOnlyMemory<float> Skip)> Triples(
        PlacedRows read, PlacedRows made, PlacedRows? skip)
    {
        var (targets, skips) = (made.BySample(), (skip ?? made).BySample());
        var triples = new List<(bool, ReadOnlyMemory<float>, ReadOnlyMemory<float>, ReadOnlyMemory<float>)>();
        foreach (var (sample, inputs) in read.Samples)
        {
            var rows = inputs.Length / read.Width;
            if (targets.GetValueOrDefault(sample) is not { } target || target.Length / made.Width != rows
                || skips.GetValueOrDefault(sample) is not { } added || added.Length / (skip ?? made).Width != rows)
                continue;
            for (var row = 0; row < rows; row++)
            {
                var triple = (Read: Row(inputs, row, read.Width), Made: Row(target, row, made.Width), Skip: Row(added, row, (skip ?? made).Width));
                var turn = read.Samples.Count < JudgingShare ? row : sample;
                if (IsFinite(triple.Read) && IsFinite(triple.Made) && IsFinite(triple.Skip))
                    triples.Add((turn % JudgingShare == JudgingShare - 1, triple.Read, triple.Made, triple.Skip));
            }
        }
        return triples;
    }

    private static ReadOnlyMemory<float> Row(float[] rows, int row, int width) => rows.AsMemory(row * width, width);

    private static bool IsFinite(ReadOnlyMemory<float> row) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(row.Span));
}
