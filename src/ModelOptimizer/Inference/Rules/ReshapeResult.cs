using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// The shape that a Reshape makes. 0 copies the input's axis (unless allowzero says that it means none), -1 takes what is left. A symbolic
/// length that happens to be 0 in some run would copy, too: then input and result are empty either way.
/// </summary>
internal static class ReshapeResult
{
    public static Shape Resolve(SymbolTable symbols, Shape? input, ImmutableArray<Dimension> target, bool zeroCopies)
    {
        var lengths = target.Select((length, axis) => Copies(length) ? Copied(input, axis) : length).ToArray();
        var open = Array.FindIndex(lengths, length => length.Value < 0);
        if (open >= 0)
            lengths[open] = Rest(symbols, input, lengths, open, axis => Copies(target[axis]));
        else if (Array.FindIndex(lengths, length => !SymbolTable.IsKnown(length)) is var lost and >= 0)
            lengths[lost] = Lost(symbols, input, lengths, lost);
        return new([.. lengths]);

        bool Copies(Dimension length) => length.Value == 0 && zeroCopies;
    }

    private static Dimension Copied(Shape? input, int axis) => input is not null && axis < input.Rank ? input[axis] : Dimension.Unknown;

    /// <summary>What -1 stands for: all elements over those of the other axes. Axes that are copied are on both sides.</summary>
    private static Dimension Rest(SymbolTable symbols, Shape? input, Dimension[] lengths, int open, Func<int, bool> isCopied)
    {
        if (input is null)
            return Dimension.Unknown;
        var above = input.Dimensions.Where((_, axis) => axis >= lengths.Length || !isCopied(axis));
        var below = lengths.Where((_, axis) => axis != open && !isCopied(axis));
        return symbols.DivideExactly(symbols.Product(above), symbols.Product(below));
    }

    /// <summary>One length that was not followed follows from the others, when none of those can be 0.</summary>
    private static Dimension Lost(SymbolTable symbols, Shape? input, Dimension[] lengths, int lost)
    {
        var others = symbols.Product(lengths.Where((_, axis) => axis != lost));
        return input is not null && symbols.IsPositive(others)
            ? symbols.DivideExactly(symbols.Product(input.Dimensions), others)
            : Dimension.Unknown;
    }
}
