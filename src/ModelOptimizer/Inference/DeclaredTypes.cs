using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Brings what a file declares about intermediate values in line with what was inferred: a stale length is corrected, or left open where nothing can be
/// said. Values without a declaration get none, so that files stay small.
/// </summary>
public static class DeclaredTypes
{
    /// <summary>Rewrites the declarations of all graphs from the types that were last inferred.</summary>
    public static void Refresh(OnnxModel model)
    {
        foreach (var graph in GraphWalker.Graphs(model))
            foreach (var value in graph.DeclaredValues)
                if (value is { Type: { } type, Declared: { } declared })
                    value.Declare(type with { Shape = type.Shape is { } shape ? Declarable(shape, declared.Shape) : null });
    }

    private static Shape Declarable(Shape shape, Shape? declared) => new([.. shape.Dimensions.Select((length, axis) =>
        Declarable(length, declared?.Rank == shape.Rank ? declared[axis] : Dimension.Unknown))]);

    /// <summary>Numbers and names of the file's own; where only an expression is known, the file's name for it stays.</summary>
    private static Dimension Declarable(Dimension length, Dimension declared) =>
        length.Value is not null ? length
        : SymbolTable.NameInFile(length.Symbol) is { } name ? name
        : declared.Value is null ? declared : Dimension.Unknown;
}
