using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Gives batch axes a length before inputs are made up: an open first axis, and every axis of the same symbol.</summary>
internal static class BatchBinding
{
    public static IReadOnlyList<NamedType> Bind(IReadOnlyList<NamedType> inputs, int batch)
    {
        var symbols = inputs.Select(input => input.Type?.Shape is { Rank: > 0 } shape ? shape[0].Symbol : null).Where(symbol => !string.IsNullOrEmpty(symbol)).ToHashSet();
        return [.. inputs.Select(input => input with { Type = input.Type is { Shape: { } shape } type ? type with { Shape = Bind(shape) } : input.Type })];

        Shape Bind(Shape shape) => new([.. shape.Dimensions.Select((axis, i) => IsBatch(axis, i) ? new Dimension(batch) : axis)]);

        bool IsBatch(Dimension axis, int index) => axis.Value is null && (index == 0 || symbols.Contains(axis.Symbol));
    }
}
