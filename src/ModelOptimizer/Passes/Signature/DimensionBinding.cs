using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>One dimension as a profile names it, found in the model: a symbol, or one axis of an input that has none; or why it can't be.</summary>
internal sealed record DimensionBinding(string Name, long Length, SourceLocation? Location)
{
    /// <summary>The symbol to replace; null for an axis without one.</summary>
    public string? Symbol { get; init; }

    public Value? Input { get; init; }

    public int Axis { get; init; }

    /// <summary>The axis has this length already.</summary>
    public bool IsFixed { get; init; }

    public string? Mistake { get; init; }

    public bool Concerns(TensorType? type) => type?.Shape?.Dimensions.Any(axis => axis.Value is null && axis.Symbol == Symbol) == true;

    public TensorType Applied(TensorType type) =>
        type with { Shape = type.Shape!.Select(axis => axis.Value is null && axis.Symbol == Symbol ? Length : axis) };
}
