using System.Globalization;
using NUnit.Framework;

namespace ModelOptimizer.Testing;

/// <summary>
/// Reads what symbolic lengths are written as, by its own grammar, and works them out for given symbols: sums of products of numbers, symbols,
/// <c>floor(a/b)</c>, <c>min(a, b)</c>, <c>max(a, b)</c> and <c>broadcast(a, b)</c>.
/// </summary>
public sealed class LengthExpression
{
    private readonly string _text;
    private readonly Func<string, long?> _symbols;
    private int _at;

    private LengthExpression(string text, Func<string, long?> symbols) => (_text, _symbols) = (text, symbols);

    /// <summary>Null when a symbol is not given, or where it divides by 0.</summary>
    public static long? Evaluate(string text, Func<string, long?> symbols)
    {
        var expression = new LengthExpression(text, symbols);
        var value = expression.Sum();
        Assert.That(expression._at, Is.EqualTo(text.Length), $"'{text}' is read to its end");
        return value;
    }

    private long? Sum()
    {
        var negative = Take("-");
        var sum = negative ? -Product() : Product();
        while (true)
            if (Take(" + "))
                sum += Product();
            else if (Take(" - "))
                sum -= Product();
            else
                return sum;
    }

    private long? Product()
    {
        var product = Factor();
        while (Take("*"))
            product *= Factor();
        return product;
    }

    private long? Factor()
    {
        if (Take("floor("))
            return Quotient();
        if (Take("min("))
            return Pair((a, b) => a < b ? a : b);
        if (Take("max("))
            return Pair((a, b) => a > b ? a : b);
        if (Take("broadcast("))
            return Pair((a, b) => a == 1 ? b : a);
        if (Take("("))
            return Closed(Sum());
        return char.IsAsciiDigit(_text[_at]) ? long.Parse(Word(), CultureInfo.InvariantCulture) : _symbols(Word());
    }

    private long? Quotient()
    {
        var above = Sum();
        Assert.That(Take("/"), $"'{_text}' has a quotient at {_at}");
        var below = Factor();
        return Closed(below is { } divisor and not 0 ? above / divisor : null);
    }

    private long? Pair(Func<long?, long?, long?> operation)
    {
        var left = Sum();
        Assert.That(Take(", "), $"'{_text}' has a pair at {_at}");
        var right = Sum();
        return Closed(left is null || right is null ? null : operation(left, right));
    }

    private long? Closed(long? value)
    {
        Assert.That(Take(")"), $"'{_text}' is closed at {_at}");
        return value;
    }

    private string Word()
    {
        var start = _at;
        if (_text[_at] == '\'')
            do
                _at = _text.IndexOf('\'', _at + 1) + 1;
            while (_at < _text.Length && _text[_at] == '\'');
        while (_at < _text.Length && (char.IsLetterOrDigit(_text[_at]) || "_.:@".Contains(_text[_at], StringComparison.Ordinal)))
            _at++;
        return _text[start.._at];
    }

    private bool Take(string token)
    {
        if (!_text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal))
            return false;
        _at += token.Length;
        return true;
    }
}
