using CsCheck;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

public sealed class SymbolTableTests
{
    private static readonly string[] Names = ["a", "b", "c"];

    /// <summary>Lengths may be 0.</summary>
    private static readonly Gen<long[]> Values = Gen.Long[0, 6].Array[Names.Length];

    private SymbolTable _symbols = null!;

    [SetUp]
    public void SetUp() => _symbols = new SymbolTable();

    [Test]
    public void What_is_computed_with_symbols_is_what_is_computed_with_numbers() =>
        Gen.Select(Expressions(3), Values).Sample((expression, values) =>
        {
            var symbols = new SymbolTable();
            var (found, truth) = (expression.Symbolic(symbols), expression.Number(values));
            return Evaluate(found, values) is not { } value || truth is not { } number || value == number;
        });

    [Test]
    public void Equal_sums_and_products_have_equal_texts() =>
        Gen.Select(Expressions(2), Expressions(2), Expressions(2)).Sample((x, y, z) =>
        {
            var symbols = new SymbolTable();
            var (a, b, c) = (x.Symbolic(symbols), y.Symbolic(symbols), z.Symbolic(symbols));
            var (left, right) = (symbols.Multiply(a, symbols.Add(b, c)), symbols.Add(symbols.Multiply(c, a), symbols.Multiply(a, b)));
            return left == right || left == Dimension.Unknown || right == Dimension.Unknown;
        });

    [Test]
    public void What_is_proven_holds_for_all_lengths() =>
        Gen.Select(Expressions(2), Expressions(2), Values).Sample((x, y, values) =>
        {
            var symbols = new SymbolTable();
            var (left, right) = (x.Symbolic(symbols), y.Symbolic(symbols));
            if (Evaluate(left, values) is not { } a || Evaluate(right, values) is not { } b)
                return true;
            return (!symbols.IsAtLeast(left, right) || a >= b) && (!symbols.IsPositive(left) || a > 0) && (symbols.AreEqual(left, right) is not { } equal || equal == (a == b));
        });

    [TestCase("2*n", "floor(4*n/2)")]
    [TestCase("n", "floor((2*n + 1)/2)")]
    [TestCase("floor(n/2)", "floor((2*n + 1)/4)")]
    [TestCase("floor((n + 3)/4)", "floor((floor((n + 1)/2) + 1)/2)")]
    [TestCase("floor((n + 1)/2) - 1", "floor((n - 1)/2)")]
    public void Quotients_have_one_form(string expected, string written)
    {
        var n = _symbols.Named("n");
        Dimension Times(long factor, Dimension x) => _symbols.Multiply(factor, x);
        Dimension Plus(Dimension x, long y) => _symbols.Add(x, y);
        var found = written switch
        {
            "floor(4*n/2)" => _symbols.FloorDivide(Times(4, n), 2),
            "floor((2*n + 1)/2)" => _symbols.FloorDivide(Plus(Times(2, n), 1), 2),
            "floor((2*n + 1)/4)" => _symbols.FloorDivide(Plus(Times(2, n), 1), 4),
            "floor((floor((n + 1)/2) + 1)/2)" => _symbols.FloorDivide(Plus(_symbols.FloorDivide(Plus(n, 1), 2), 1), 2),
            _ => _symbols.FloorDivide(Plus(n, -1), 2),
        };

        Assert.That(found.ToString(), Is.EqualTo(expected));
    }

    [Test]
    public void A_product_divides_by_its_factors()
    {
        var (a, b) = (_symbols.Named("a"), _symbols.Named("b"));
        var total = _symbols.Product([a, 6, _symbols.Add(b, 1)]);

        Assert.That(_symbols.DivideExactly(total, _symbols.Multiply(3, _symbols.Add(b, 1))).ToString(), Is.EqualTo("2*a"));
        Assert.That(_symbols.DivideExactly(total, 0), Is.EqualTo(Dimension.Unknown));
    }

    [Test]
    public void Broadcasting_takes_the_longer_axis_where_that_is_known()
    {
        var (a, b) = (_symbols.Named("a"), _symbols.Named("b"));

        Assert.That(_symbols.Broadcast(a, 1), Is.EqualTo(a));
        Assert.That(_symbols.Broadcast(4, a), Is.EqualTo((Dimension)4));
        Assert.That(_symbols.Broadcast(a, a), Is.EqualTo(a));
        Assert.That(_symbols.Broadcast(b, a).ToString(), Is.EqualTo("broadcast(a, b)"));
        Assert.That(_symbols.Broadcast(Dimension.Unknown, a), Is.EqualTo(Dimension.Unknown));
    }

    /// <summary>Beyond the limit the two do not fit, or the cut one is 1; below it they are equal.</summary>
    [Test]
    public void Broadcasting_a_length_with_itself_cut_at_a_limit_is_that_length()
    {
        var (a, b) = (_symbols.Named("a"), _symbols.Named("an odd name"));

        Assert.That(_symbols.Broadcast(_symbols.Min(64, a), a), Is.EqualTo(a));
        Assert.That(_symbols.Broadcast(b, _symbols.Min(b, 2)), Is.EqualTo(b));
        Assert.That(_symbols.Broadcast(_symbols.Min(1, a), a), Is.EqualTo(a));
        Assert.That(_symbols.Broadcast(_symbols.Min(a, b), a), Is.Not.EqualTo(a), "no limit");
        Assert.That(_symbols.Broadcast(_symbols.Min(64, b), a), Is.Not.EqualTo(a), "the limit of another");
    }

    [Test]
    public void A_cut_of_a_cut_is_one()
    {
        var (a, b) = (_symbols.Named("a"), _symbols.Named("b"));

        Assert.That(_symbols.Min(1, _symbols.Min(512, a)).ToString(), Is.EqualTo("min(1, a)"));
        Assert.That(_symbols.Min(_symbols.Min(64, _symbols.Add(a, b)), 512).ToString(), Is.EqualTo("min(64, a + b)"));
        Assert.That(_symbols.Min(8, _symbols.Min(64, _symbols.Min(a, b))).ToString(), Is.EqualTo("min(8, min(a, b))"));
    }

    /// <summary>A file may call an axis anything, also what an expression is written as.</summary>
    [Test]
    public void Names_are_never_taken_for_expressions()
    {
        var sum = _symbols.Add(_symbols.Named("a"), 1);

        Assert.That(sum.ToString(), Is.EqualTo("a + 1"));
        Assert.That(_symbols.Named("a + 1").ToString(), Is.EqualTo("'a + 1'"));
        Assert.That(_symbols.Fresh("a + 1", 0).ToString(), Is.EqualTo("'a + 1'@0"));
        Assert.That(new[] { "a", "it's", "a + 1", "x@0", "7" }.Select(name => SymbolTable.NameInFile(_symbols.Named(name).Symbol)),
            Is.EqualTo(new[] { "a", "it's", "a + 1", "x@0", "7" }));
        Assert.That(new[] { sum, _symbols.Fresh("x", 0), _symbols.Fresh("a + 1", 0), Dimension.Unknown }.Select(length => SymbolTable.NameInFile(length.Symbol)),
            Is.All.Null);
    }

    [Test]
    public void Values_of_one_name_have_axes_of_their_own() =>
        Assert.That(_symbols.Fresh("x", 0), Is.Not.EqualTo(_symbols.Fresh("x", 0)));

    [Test]
    public void Numbers_beyond_64_bits_are_unknown() =>
        Assert.That(_symbols.Multiply(_symbols.Multiply(long.MaxValue, _symbols.Named("a")), 2), Is.EqualTo(Dimension.Unknown));

    private static long? Evaluate(Dimension length, long[] values) => length.Value
        ?? (length.Symbol is { Length: > 0 } text ? LengthExpression.Evaluate(text, symbol => values[Array.IndexOf(Names, symbol)]) : null);

    private static Gen<Expression> Expressions(int depth)
    {
        var leaf = Gen.OneOf(Gen.Int[0, Names.Length - 1].Select(Expression.Symbol), Gen.Long[-3, 8].Select(Expression.Constant));
        if (depth == 0)
            return leaf;
        var inner = Expressions(depth - 1);
        return Gen.OneOf(leaf, Gen.Select(Gen.Char["+-*/<>"], inner, inner).Select((op, x, y) => Expression.Of(op, x, y)));
    }

    /// <summary>A way to compute a length, with symbols and with numbers.</summary>
    private sealed record Expression(Func<SymbolTable, Dimension> Symbolic, Func<long[], long?> Number)
    {
        public static Expression Symbol(int index) => new(symbols => symbols.Named(Names[index]), values => values[index]);

        public static Expression Constant(long value) => new(_ => value, _ => value);

        public static Expression Of(char operation, Expression x, Expression y) => operation switch
        {
            '+' => new(symbols => symbols.Add(x.Symbolic(symbols), y.Symbolic(symbols)), values => x.Number(values) + y.Number(values)),
            '-' => new(symbols => symbols.Subtract(x.Symbolic(symbols), y.Symbolic(symbols)), values => x.Number(values) - y.Number(values)),
            '*' => new(symbols => symbols.Multiply(x.Symbolic(symbols), y.Symbolic(symbols)), values => x.Number(values) * y.Number(values)),
            '<' => new(symbols => symbols.Min(x.Symbolic(symbols), y.Symbolic(symbols)), values => Pick(x.Number(values), y.Number(values), Math.Min)),
            '>' => new(symbols => symbols.Max(x.Symbolic(symbols), y.Symbolic(symbols)), values => Pick(x.Number(values), y.Number(values), Math.Max)),
            _ => new(symbols => symbols.FloorDivide(x.Symbolic(symbols), y.Symbolic(symbols)), values => Quotient(x.Number(values), y.Number(values))),
        };

        private static long? Pick(long? x, long? y, Func<long, long, long> operation) => x is { } a && y is { } b ? operation(a, b) : null;

        /// <summary>Nothing is said about division by zero, nor by what isn't a length.</summary>
        private static long? Quotient(long? x, long? y) => x is { } above && y is > 0 and { } below ? Polynomial.FloorDiv(above, below) : null;
    }
}
