using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>
/// A formula to look for in a graph, written as one:
/// <code>
/// var x = new Capture();
/// var gelu = Pattern.Product(0.5, x, 1 + Pattern.Op("Erf", x / Math.Sqrt(2)));
/// </code>
/// Operands of + and * match in either order. A capture that stands in several places must be the same value in all of them. A part that
/// stands in several places may be computed once or again for each. A number is a constant of one element, see <see cref="NumberPattern"/>.
/// </summary>
internal abstract class Pattern
{
    /// <summary>Every way in which a value can be read as this pattern, in addition to what has been matched so far.</summary>
    public abstract IEnumerable<Match> Match(Value? value, Match match);

    /// <summary>Every way in which a node's first output can be read as this pattern.</summary>
    public IEnumerable<Match> Match(Node root) => Match(root.Output(), new Match(root));

    /// <summary>An operator of the standard domain with exactly these inputs.</summary>
    public static OperatorPattern Op(string opType, params Pattern[] inputs) => new(opType, inputs);

    public static implicit operator Pattern(double number) => new NumberPattern(number);

    public static Pattern operator +(Pattern left, Pattern right) => new OperatorPattern("Add", [left, right]) { IsCommutative = true };

    public static Pattern operator -(Pattern left, Pattern right) => Op("Sub", left, right);

    public static Pattern operator *(Pattern left, Pattern right) => new OperatorPattern("Mul", [left, right]) { IsCommutative = true };

    public static Pattern operator /(Pattern left, Pattern right) => Op("Div", left, right);

    public static Pattern operator |(Pattern first, Pattern second) => new EitherPattern(first, second);

    public static Pattern Max(Pattern left, Pattern right) => new OperatorPattern("Max", [left, right]) { IsCommutative = true };

    public static Pattern Min(Pattern left, Pattern right) => new OperatorPattern("Min", [left, right]) { IsCommutative = true };

    /// <summary>
    /// A product in whatever order and grouping, a number also as a divisor. The rarest factor should come first: it is looked for first.
    /// </summary>
    public static Pattern Product(params Pattern[] factors) =>
        factors is [var only] ? only : Splits(factors).Aggregate((all, next) => all | next);

    /// <summary><c>pattern · factor</c>, by a multiplication or a division.</summary>
    public static Pattern Scaled(Pattern pattern, double factor) => pattern * factor | pattern / (1 / factor);

    public static Pattern Square(Pattern pattern) => Op("Pow", pattern, 2) | pattern * pattern;

    public static Pattern Sqrt(Pattern pattern) => Op("Sqrt", pattern) | Op("Pow", pattern, 0.5);

    /// <summary><c>1 / √pattern</c>.</summary>
    public static Pattern ReciprocalSqrt(Pattern pattern) =>
        Op("Reciprocal", Sqrt(pattern)) | 1 / Sqrt(pattern) | Op("Pow", pattern, -0.5) | Sqrt(Op("Reciprocal", pattern));

    /// <summary>Every parting of the factors into two groups, each a product again. The first factor stays left, so none comes
    /// twice.</summary>
    private static IEnumerable<Pattern> Splits(Pattern[] factors)
    {
        var all = (1 << factors.Length) - 1;
        for (var left = 1; left < all; left += 2)
            yield return Times(Product(Pick(factors, left)), Product(Pick(factors, all & ~left)));
    }

    private static Pattern Times(Pattern left, Pattern right) => (left, right) switch
    {
        (_, NumberPattern factor) => Scaled(left, factor.Number),
        (NumberPattern factor, _) => Scaled(right, factor.Number),
        _ => left * right,
    };

    private static Pattern[] Pick(Pattern[] factors, int places) => [.. factors.Where((_, i) => (places >> i & 1) != 0)];
}

/// <summary>One of two patterns; the first is tried first.</summary>
internal sealed class EitherPattern(Pattern first, Pattern second) : Pattern
{
    public override IEnumerable<Match> Match(Value? value, Match match) => first.Match(value, match).Concat(second.Match(value, match));
}
