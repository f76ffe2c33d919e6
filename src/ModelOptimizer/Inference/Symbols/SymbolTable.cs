using System.Text.RegularExpressions;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Arithmetic on lengths. A result is a number or a canonical text in <see cref="Dimension.Symbol"/>, so that equal texts mean equal
/// lengths; what has no exact answer is <see cref="Dimension.Unknown"/>. Every symbol stands for a length, so it is never negative, and may be 0.
/// </summary>
internal sealed partial class SymbolTable
{
    /// <summary>Longer expressions help nobody and make work for everybody.</summary>
    private const int LongestText = 160;
    private const int MostTerms = 16;

    private readonly Dictionary<string, Polynomial> _known = [];

    /// <summary>What opaque quotients by numbers are made of.</summary>
    private readonly Dictionary<string, (Polynomial Above, long Below)> _quotients = [];

    /// <summary>The symbol for a name from the file. Names that could be read as expressions are quoted, so that they never look like one.</summary>
    public Dimension Named(string name) => Declare(Plain().IsMatch(name) ? name : Quote(name));

    /// <summary>A symbol of its own for one axis of one value, which no name from a file can be. Values of the same name get different ones.</summary>
    public Dimension Fresh(string value, int axis)
    {
        var text = $"{(Plain().IsMatch(value) ? value : Quote(value))}@{axis}";
        return Declare(_known.ContainsKey(text) ? $"{text}@{_known.Count}" : text);
    }

    /// <summary>The name that the file gives a length; null for what is computed, and for what the file has no name for.</summary>
    public static string? NameInFile(string? symbol) => symbol switch
    {
        null or "" => null,
        _ when Plain().IsMatch(symbol) => symbol,
        ['\'', .. var inner, '\''] when !inner.Replace("''", "", StringComparison.Ordinal).Contains('\'', StringComparison.Ordinal) =>
            inner.Replace("''", "'", StringComparison.Ordinal),
        _ => null,
    };

    public Dimension Add(Dimension left, Dimension right) => Combine(left, right, (a, b) => a + b);

    public Dimension Subtract(Dimension left, Dimension right) => Combine(left, right, (a, b) => a - b);

    public Dimension Multiply(Dimension left, Dimension right) =>
        left.Value == 0 || right.Value == 0 ? 0 : left.Value == 1 ? right : right.Value == 1 ? left : Combine(left, right, (a, b) => a * b);

    public Dimension Sum(IEnumerable<Dimension> lengths) => lengths.Aggregate((Dimension)0, Add);

    public Dimension Product(IEnumerable<Dimension> lengths) => lengths.Aggregate((Dimension)1, Multiply);

    /// <summary>The quotient rounded down. Where the divisor isn't a number it must divide exactly, or both be lengths.</summary>
    public Dimension FloorDivide(Dimension value, Dimension divisor) => Combine(value, divisor, (a, b) =>
        a.DividedExactlyBy(b) ?? (b.AsNumber is { } number ? FloorDivide(a, number) : FloorDivide(a, b)));

    /// <summary>The quotient rounded up.</summary>
    public Dimension CeilingDivide(Dimension value, long divisor) => FloorDivide(Add(value, divisor - 1), divisor);

    /// <summary>The quotient where <paramref name="divisor"/> is known to divide.</summary>
    public Dimension DivideExactly(Dimension value, Dimension divisor) =>
        divisor.Value == 0 ? Dimension.Unknown : value.Value == 0 ? 0 : FloorDivide(value, divisor);

    public Dimension Max(Dimension left, Dimension right) =>
        IsAtLeast(left, right) ? left : IsAtLeast(right, left) ? right : Opaque("max", left, right, (a, b) => a.IsNonNegative || b.IsNonNegative);

    public Dimension Min(Dimension left, Dimension right) =>
        IsAtLeast(left, right) ? right : IsAtLeast(right, left) ? left
        : CutTwice(left, right) ?? CutTwice(right, left) ?? Opaque("min", left, right, (a, b) => a.IsNonNegative && b.IsNonNegative);

    /// <summary>A cut of a cut is one: min(1, min(64, n)) = min(1, n).</summary>
    private Dimension? CutTwice(Dimension cut, Dimension limit) => limit.Value >= 0 && CutLength.Parse(cut) is { } inner && _known.ContainsKey(inner.Of)
        ? (Dimension?)Min(Math.Min(limit.Value.Value, inner.Limit), inner.Of)
        : null;

    /// <summary>The length of an axis over which two are broadcast; it is given that they fit together.</summary>
    public Dimension Broadcast(Dimension left, Dimension right)
    {
        if (left == right && IsKnown(left))
            return left;
        if (left.Value is not null and not 1 || right.Value == 1)
            return left;
        if (right.Value is not null and not 1 || left.Value == 1)
            return right;
        if (CutLength.IsCut(left, right))
            return right;
        if (CutLength.IsCut(right, left))
            return left;
        return Opaque("broadcast", left, right, (a, b) => a.IsNonNegative && b.IsNonNegative);
    }

    public static bool IsKnown(Dimension length) => length.Value is not null || !string.IsNullOrEmpty(length.Symbol);

    /// <summary>True when it is proven for every run; false only says that it was not proven.</summary>
    public bool IsAtLeast(Dimension left, Dimension right) => Subtract(left, right) is var rest && (rest.Value >= 0 || Find(rest)?.IsNonNegative == true);

    /// <summary>True when it is proven to exceed 0 in every run.</summary>
    public bool IsPositive(Dimension length) => length.Value > 0 || Find(length)?.IsPositive == true;

    /// <summary>Whether two lengths are equal in every run (true), in none (false), or nobody knows (null).</summary>
    public bool? AreEqual(Dimension left, Dimension right)
    {
        var difference = Subtract(left, right);
        if (difference.Value is { } number)
            return number == 0;
        return IsPositive(difference) || IsPositive(Subtract(right, left)) ? false : null;
    }

    private Dimension Combine(Dimension left, Dimension right, Func<Polynomial, Polynomial, Polynomial?> operation)
    {
        if (Find(left) is not { } a || Find(right) is not { } b)
            return Dimension.Unknown;
        try
        {
            return operation(a, b) is { } result ? ToDimension(result) : Dimension.Unknown;
        }
        catch (OverflowException)
        {
            return Dimension.Unknown;
        }
    }

    /// <summary>
    /// Takes out what divides evenly, so that <c>floor((2*n + 1)/2)</c> is <c>n</c> and equal quotients get equal texts: what stays under
    /// the line has coefficients from 0 to the divisor, so it is a length again.
    /// </summary>
    private Polynomial? FloorDivide(Polynomial value, long divisor)
    {
        if (divisor <= 0)
            return null;
        var (whole, rest) = value.DivideBy(divisor);
        var common = rest.CommonDivisor(divisor);
        // The constant loses only what can't make a difference: floor((2*n + 1)/4) = floor(n/2).
        var (above, below) = (rest.DivideBy(common).Quotient, divisor / common);
        if (above.AsNumber is { } number)
            return whole + Polynomial.Number(Polynomial.FloorDiv(number, below));
        // A quotient of a quotient is one: floor((floor(n/2) + 1)/2) = floor((n + 2)/4).
        if (above.AsShiftedAtom is var (atom, shift) && _quotients.TryGetValue(atom, out var inner))
            return FloorDivide(inner.Above + Polynomial.Number(checked(shift * inner.Below)), checked(inner.Below * below)) is { } flat ? whole + flat : null;
        return Quotient(above, below) is { } quotient ? whole + quotient : null;
    }

    private Polynomial? Quotient(Polynomial above, long below)
    {
        var text = Fraction(above, below.ToString(System.Globalization.CultureInfo.InvariantCulture));
        _quotients.TryAdd(text, (above, below));
        return OpaqueAtom(text);
    }

    private static Polynomial? FloorDivide(Polynomial value, Polynomial divisor) =>
        value.IsNonNegative && divisor.IsNonNegative ? OpaqueAtom(Fraction(value, $"({divisor})")) : null;

    private static string Fraction(Polynomial above, string below) =>
        above.TermCount > 1 ? $"floor(({above})/{below})" : $"floor({above}/{below})";

    private Dimension Opaque(string function, Dimension left, Dimension right, Func<Polynomial, Polynomial, bool> isLength) => Combine(left, right, (a, b) =>
    {
        var texts = new[] { a.ToString(), b.ToString() };
        Array.Sort(texts, StringComparer.Ordinal);
        return isLength(a, b) ? OpaqueAtom($"{function}({texts[0]}, {texts[1]})") : null;
    });

    private static Polynomial? OpaqueAtom(string text) => text.Length > LongestText ? null : Polynomial.Atom(text);

    private Polynomial? Find(Dimension length) => length.Value is { } number
        ? Polynomial.Number(number)
        : length.Symbol is { Length: > 0 } text ? _known.GetValueOrDefault(text) : null;

    private Dimension ToDimension(Polynomial value)
    {
        if (value.AsNumber is { } number)
            return number;
        if (value.TermCount > MostTerms || value.ToString() is not { Length: <= LongestText } text)
            return Dimension.Unknown;
        _known.TryAdd(text, value);
        return text;
    }

    private Dimension Declare(string text)
    {
        _known.TryAdd(text, Polynomial.Atom(text));
        return text;
    }

    private static string Quote(string name) => $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Letters, digits and what exporters use in names; no operator, bracket or blank, and no number.</summary>
    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.:]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
