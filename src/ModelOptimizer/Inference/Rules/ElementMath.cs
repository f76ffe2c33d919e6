using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Integer operators on single elements, as the runtime computes them.</summary>
internal static class ElementMath
{
    public static Dimension Add(SymbolTable symbols, Dimension left, Dimension right) => symbols.Add(left, right);

    public static Dimension Subtract(SymbolTable symbols, Dimension left, Dimension right) => symbols.Subtract(left, right);

    public static Dimension Multiply(SymbolTable symbols, Dimension left, Dimension right) => symbols.Multiply(left, right);

    /// <summary>Division of integers cuts towards zero, which is rounding down for lengths only.</summary>
    public static Dimension Divide(SymbolTable symbols, Dimension left, Dimension right)
    {
        if (left.Value is { } value && right.Value is { } divisor and not 0 and not -1)
            return value / divisor;
        return symbols.IsAtLeast(left, 0) && symbols.IsAtLeast(right, 0) ? symbols.FloorDivide(left, right) : Dimension.Unknown;
    }

    /// <summary>For lengths the two kinds of remainder are the same.</summary>
    public static Dimension Modulo(SymbolTable symbols, Dimension left, Dimension right) =>
        symbols.IsAtLeast(left, 0) && symbols.IsPositive(right)
            ? symbols.Subtract(left, symbols.Multiply(right, symbols.FloorDivide(left, right)))
            : Dimension.Unknown;

    public static Dimension Max(SymbolTable symbols, Dimension left, Dimension right) => symbols.Max(left, right);

    public static Dimension Min(SymbolTable symbols, Dimension left, Dimension right) => symbols.Min(left, right);

    public static Dimension Negate(SymbolTable symbols, Dimension element) => symbols.Subtract(0, element);

    public static Dimension Absolute(SymbolTable symbols, Dimension element) =>
        symbols.IsAtLeast(element, 0) ? element : symbols.IsAtLeast(0, element) ? symbols.Subtract(0, element) : Dimension.Unknown;

    public static Dimension Not(SymbolTable _, Dimension element) => element.Value is { } value ? Bool(value == 0) : Dimension.Unknown;

    public static Dimension Equal(SymbolTable symbols, Dimension left, Dimension right) => Bool(symbols.AreEqual(left, right));

    public static Dimension GreaterOrEqual(SymbolTable symbols, Dimension left, Dimension right) =>
        Bool(symbols.IsAtLeast(left, right) ? true : symbols.IsPositive(symbols.Subtract(right, left)) ? false : null);

    public static Dimension Greater(SymbolTable symbols, Dimension left, Dimension right) => Not(symbols, GreaterOrEqual(symbols, right, left));

    public static Dimension LessOrEqual(SymbolTable symbols, Dimension left, Dimension right) => GreaterOrEqual(symbols, right, left);

    public static Dimension Less(SymbolTable symbols, Dimension left, Dimension right) => Greater(symbols, right, left);

    public static Dimension And(SymbolTable _, Dimension left, Dimension right) =>
        left.Value == 0 || right.Value == 0 ? 0 : left.Value is not null && right.Value is not null ? 1 : Dimension.Unknown;

    public static Dimension Or(SymbolTable _, Dimension left, Dimension right) =>
        left.Value is not null and not 0 || right.Value is not null and not 0 ? 1 : left.Value is not null && right.Value is not null ? 0 : Dimension.Unknown;

    private static Dimension Bool(bool? value) => value switch
    {
        null => Dimension.Unknown,
        true => 1,
        false => 0,
    };
}
