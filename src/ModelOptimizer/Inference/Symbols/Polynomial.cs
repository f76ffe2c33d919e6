using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace ModelOptimizer.Inference;

/// <summary>A product of atoms with a coefficient: <c>2*batch*seq</c>.</summary>
/// <param name="Coefficient">Never 0.</param>
/// <param name="Key">The atoms in ordinal order, joined by <c>*</c>; empty for a number.</param>
/// <param name="Atoms">Symbols and opaque expressions, in ordinal order, with repetition for powers.</param>
internal readonly record struct Term(long Coefficient, string Key, ImmutableArray<string> Atoms)
{
    public static Term Number(long value) => new(value, "", []);

    public static Term Atom(string text) => new(1, text, [text]);

    public Term Times(Term other)
    {
        ImmutableArray<string> atoms = [.. Atoms.Concat(other.Atoms).Order(StringComparer.Ordinal)];
        return new(checked(Coefficient * other.Coefficient), string.Join('*', atoms), atoms);
    }

    /// <summary>The term by which <paramref name="divisor"/> is multiplied to give this one; null when there is none.</summary>
    public Term? DividedBy(Term divisor)
    {
        if (divisor.Coefficient == -1 ? Coefficient == long.MinValue : Coefficient % divisor.Coefficient != 0)
            return null;
        var atoms = Atoms;
        foreach (var atom in divisor.Atoms)
        {
            if (!atoms.Contains(atom))
                return null;
            atoms = atoms.Remove(atom);
        }
        return new(Coefficient / divisor.Coefficient, string.Join('*', atoms), atoms);
    }
}

/// <summary>
/// A polynomial with integer coefficients over atoms that are lengths, so never negative. Terms are kept in one order, so that equal
/// polynomials have equal texts. Numbers beyond 64 bits throw <see cref="OverflowException"/>.
/// </summary>
internal sealed class Polynomial
{
    private readonly ImmutableArray<Term> _terms;

    private Polynomial(ImmutableArray<Term> terms) => _terms = terms;

    public static Polynomial Zero { get; } = new([]);

    public static Polynomial One { get; } = Number(1);

    public int TermCount => _terms.Length;

    /// <summary>The number that it is; null when atoms remain.</summary>
    public long? AsNumber => _terms switch
    {
        [] => 0,
        [{ Atoms: [], Coefficient: var value }] => value,
        _ => null,
    };

    /// <summary>The atom and the number when it is an atom plus a number, else null.</summary>
    public (string Atom, long Shift)? AsShiftedAtom => _terms switch
    {
        [{ Coefficient: 1, Atoms: [var only] }] => (only, 0),
        [{ Coefficient: 1, Atoms: [var only] }, { Atoms: [], Coefficient: var shift }] => (only, shift),
        _ => null,
    };

    /// <summary>Proven for every value of the atoms; false only says that it was not proven.</summary>
    public bool IsNonNegative => _terms.All(term => term.Coefficient > 0);

    /// <summary>Proven for every value of the atoms, 0 included.</summary>
    public bool IsPositive => IsNonNegative && _terms.Any(term => term.Atoms.IsEmpty);

    public static Polynomial Number(long value) => value == 0 ? Zero : new([Term.Number(value)]);

    public static Polynomial Atom(string text) => new([Term.Atom(text)]);

    public static Polynomial operator +(Polynomial left, Polynomial right) => Collect(left._terms.Concat(right._terms));

    public static Polynomial operator -(Polynomial value) => value * Number(-1);

    public static Polynomial operator -(Polynomial left, Polynomial right) => left + -right;

    public static Polynomial operator *(Polynomial left, Polynomial right) =>
        Collect(left._terms.SelectMany(_ => right._terms, (mine, its) => mine.Times(its)));

    /// <summary>The polynomial by which <paramref name="divisor"/> is multiplied to give this one; null when there is none.</summary>
    public Polynomial? DividedExactlyBy(Polynomial divisor)
    {
        if (divisor._terms is not [var leading, ..])
            return null;
        var (quotient, rest) = (Zero, this);
        // Each step takes the leading term away: terms of the quotient come in falling order, so no more than there are here can be right.
        for (var step = 0; rest._terms is [var first, ..]; step++)
        {
            if (step > 2 * _terms.Length + 2 || first.DividedBy(leading) is not { } factor)
                return null;
            var part = new Polynomial([factor]);
            quotient += part;
            rest -= part * divisor;
        }
        return quotient;
    }

    /// <summary>The part divisible by a number, divided, and what remains: all its coefficients lie in [0, divisor).</summary>
    public (Polynomial Quotient, Polynomial Remainder) DivideBy(long divisor)
    {
        var quotient = _terms.Select(term => term with { Coefficient = FloorDiv(term.Coefficient, divisor) });
        var rest = _terms.Select(term => term with { Coefficient = term.Coefficient - divisor * FloorDiv(term.Coefficient, divisor) });
        return (Collect(quotient), Collect(rest));
    }

    /// <summary>The greatest number that divides every coefficient but the constant's, and <paramref name="other"/>.</summary>
    public long CommonDivisor(long other) =>
        _terms.Where(term => !term.Atoms.IsEmpty).Aggregate(other, (divisor, term) => GreatestCommonDivisor(divisor, Math.Abs(term.Coefficient)));

    public static long FloorDiv(long value, long divisor) => value / divisor - (value % divisor < 0 ? 1 : 0);

    private static long GreatestCommonDivisor(long a, long b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);

    private static Polynomial Collect(IEnumerable<Term> terms) => new([.. terms
        .GroupBy(term => term.Key, (_, alike) => alike.Aggregate((sum, term) => sum with { Coefficient = checked(sum.Coefficient + term.Coefficient) }))
        .Where(term => term.Coefficient != 0)
        .OrderByDescending(term => term.Atoms.Length).ThenBy(term => term.Atoms, AtomOrder.Instance)]);

    /// <summary>As it is written: <c>2*batch*seq + 3*batch - 1</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var term in _terms)
        {
            var sign = term.Coefficient < 0 ? "-" : "+";
            text.Append(text.Length > 0 ? $" {sign} " : term.Coefficient < 0 ? "-" : "");
            text.Append(Unsigned(term));
        }
        return text.Length == 0 ? "0" : text.ToString();
    }

    private static string Unsigned(Term term)
    {
        var size = term.Coefficient.ToString(CultureInfo.InvariantCulture).TrimStart('-');
        return term.Atoms.IsEmpty ? size : size == "1" ? term.Key : $"{size}*{term.Key}";
    }

    /// <summary>An order that multiplication keeps, which division relies on.</summary>
    private sealed class AtomOrder : IComparer<ImmutableArray<string>>
    {
        public static AtomOrder Instance { get; } = new();

        public int Compare(ImmutableArray<string> x, ImmutableArray<string> y)
        {
            for (var i = 0; i < Math.Min(x.Length, y.Length); i++)
                if (string.CompareOrdinal(x[i], y[i]) is var order and not 0)
                    return order;
            return x.Length.CompareTo(y.Length);
        }
    }
}
