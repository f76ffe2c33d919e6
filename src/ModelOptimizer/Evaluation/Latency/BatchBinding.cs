using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Gives batch axes a length before inputs are made up: an open first axis, and every axis of the same symbol.</summary>
internal static class BatchBinding
{
    public static IReadOnlyList<NamedType> Bind(IReadOnlyList<NamedType> inputs, int batch)
    {
        var symbols = inputs.Select(input => First(input)?.Symbol).Where(symbol => !string.IsNullOrEmpty(symbol)).ToHashSet();
        return [.. inputs.Select(input => input with { Type = input.Type is { Shape: { } shape } type ? type with { Shape = Bind(shape) } : input.Type })];

        Shape Bind(Shape shape) => new([.. shape.Dimensions.Select((axis, i) => IsBatch(axis, i) ? new Dimension(batch) : axis)]);

        bool IsBatch(Dimension axis, int index) => axis.Value is null && (index == 0 || symbols.Contains(axis.Symbol));
    }

    /// <summary>Rows in a run: the batch where an input leaves it open, else the length on which first axes agree; 1 where they don't.</summary>
    public static long Rows(IReadOnlyList<NamedType> inputs, int batch)
    {
        // A vector is as likely one row as many.
        var lengths = inputs.Where(input => input.Type?.Shape?.Rank is not 1).Select(First).OfType<Dimension>()
            .Select(axis => axis.Value).Distinct().ToList();
        if (inputs.Any(input => First(input) is { Value: null }))
            return batch;
        return lengths is [{ } agreed] ? agreed : 1;
    }

    private static Dimension? First(NamedType input) => input.Type?.Shape is { Rank: > 0 } shape ? (Dimension?)shape[0] : null;
}
