using System.Diagnostics.CodeAnalysis;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// The types of a model's inputs as inference may rely on them: one symbol is one length, as ONNX says. Words by which exporters say that
/// they don't know promise nothing, so such an axis gets a symbol of its own, like an axis without any.
/// </summary>
internal static class ModelInputs
{
    public static void Settle(Graph main, SymbolTable symbols)
    {
        foreach (var input in main.Inputs)
            if (input.Constant is null && input.Declared is { Shape: { } shape } type)
                input.Infer(type with { Shape = Settle(input, shape, symbols) });
    }

    private static Shape Settle(Value input, Shape shape, SymbolTable symbols) =>
        new([.. shape.Dimensions.Select((length, axis) => Settle(input, length, axis, symbols))]);

    private static Dimension Settle(Value input, Dimension length, int axis, SymbolTable symbols) =>
        length.Value >= 0 ? length : IsPlaceholder(length.Symbol) ? symbols.Fresh(input.Name, axis) : symbols.Named(length.Symbol);

    /// <summary>True for the words by which exporters say that they don't know, and for none at all.</summary>
    public static bool IsPlaceholder([NotNullWhen(false)] string? symbol) =>
        string.IsNullOrWhiteSpace(symbol) || symbol is "?" or "*" or "-1" or "None" or "none" or "unknown" || symbol.StartsWith("unk__", StringComparison.Ordinal);
}
