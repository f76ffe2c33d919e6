using System.Numerics.Tensors;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>What a node reads beside what it should make of it, row by row. Those that judge stand behind those that decide.</summary>
internal sealed class RefitRows
{
    /// <summary>Why a node stays as it is whose rows are not those of the original.</summary>
    public const string Others = "what it reads or makes has other lengths on calibration data than its weights say";

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
    /// <returns>The rows, or why there are none.</returns>
    public static (RefitRows? Rows, string? Why) Of(PlacedRows read, PlacedRows made, IReadOnlyList<int>? kept, PlacedRows? skip, FloatBuffers buffers)
    {
        if (read.Width == 0 || made.Width == 0)
            return (null, "the calibration data shows no float32 inputs of it");
        var places = kept ?? [.. Enumerable.Range(0, made.Width)];
        if (made.Width <= places[^1] || (skip is not null && skip.Width != places.Count))
            return (null, Others);
        var found = Together(read, made, skip);
        found = [.. found.Where(row => !row.IsJudge), .. found.Where(row => row.IsJudge)];
        var judging = found.Count(row => row.IsJudge);
        if (judging == 0 || judging == found.Count)
            return (null, $"the calibration data shows {found.Count} rows of it that are finite and have their like in the original: "
                + "too few to fit it anew and judge that");
        var (x, y) = (buffers.Rent(checked(found.Count * read.Width)), buffers.Rent(checked(found.Count * places.Count)));
        for (var row = 0; row < found.Count; row++)
        {
            found[row].Read.Span.CopyTo(x.AsSpan(row * read.Width));
            var target = y.AsSpan(row * places.Count, places.Count);
            var from = found[row].Made.Span;
            for (var output = 0; output < target.Length; output++)
                target[output] = from[places[output]];
            if (skip is not null)
                TensorPrimitives.Subtract(target, found[row].Skip.Span, target);
        }
        return (new RefitRows(x, y, found.Count, judging), null);
    }

    /// <summary>Gives the arrays back.</summary>
    public void Return(FloatBuffers buffers)
    {
        buffers.Return(Inputs);
        buffers.Return(Targets);
    }

    /// <summary>Rows of the same samples; those that have another number of rows by now, as what is found in pictures has, are left out.</summary>
    private static List<(bool IsJudge, ReadOnlyMemory<float> Read, ReadOnlyMemory<float> Made, ReadOnlyMemory<float> Skip)> Together(
        PlacedRows read, PlacedRows made, PlacedRows? skip)
    {
        var (targets, skips) = (made.BySample(), (skip ?? made).BySample());
        var found = new List<(bool, ReadOnlyMemory<float>, ReadOnlyMemory<float>, ReadOnlyMemory<float>)>();
        foreach (var (sample, inputs) in read.Samples)
        {
            var rows = inputs.Length / read.Width;
            if (targets.GetValueOrDefault(sample) is not { } target || target.Length / made.Width != rows
                || skips.GetValueOrDefault(sample) is not { } added || added.Length / (skip ?? made).Width != rows)
                continue;
            for (var row = 0; row < rows; row++)
            {
                var together = (Read: Row(inputs, row, read.Width), Made: Row(target, row, made.Width), Skip: Row(added, row, (skip ?? made).Width));
                var turn = read.Samples.Count < JudgingShare ? row : sample;
                if (IsFinite(together.Read) && IsFinite(together.Made) && IsFinite(together.Skip))
                    found.Add((turn % JudgingShare == JudgingShare - 1, together.Read, together.Made, together.Skip));
            }
        }
        return found;
    }

    private static ReadOnlyMemory<float> Row(float[] rows, int row, int width) => rows.AsMemory(row * width, width);

    private static bool IsFinite(ReadOnlyMemory<float> row) => float.IsFinite(TensorPrimitives.SumOfMagnitudes(row.Span));
}
