using System.ComponentModel;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces a leaky rectifier, spelled out, by LeakyRelu.
/// <code>
/// Max(x, 0.1 · x)               =>  LeakyRelu(x, 0.1)
/// Where(x > 0, x, alpha · x)    =>  LeakyRelu(x, alpha)
/// </code>
/// Saves about a fifth of the time. The maximum is a leaky rectifier for slopes up to 1 only, and not for 0, whose product with ∞ is no
/// number. Not done for a slope of each channel: the runtime's PRelu takes three times as long as its formula.
/// </summary>
[Description("Replaces Max(x, alpha · x) or Where(x > 0, x, alpha · x) by LeakyRelu.")]
public sealed class FuseLeakyRelu(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator LeakyRelu = new("LeakyRelu", 6);
    private static readonly Capture X = new();
    private static readonly Capture Alpha = Capture.Number();
    private static readonly Pattern Leak = X * Alpha;
    private static readonly Pattern IsPositive = Pattern.Op("Greater", X, 0) | Pattern.Op("GreaterOrEqual", X, 0);
    private static readonly Pattern IsNegative = Pattern.Op("Less", X, 0) | Pattern.Op("LessOrEqual", X, 0);

    private protected override Pattern Pattern { get; } =
        Pattern.Max(Leak, X) | Pattern.Op("Where", IsPositive, X, Leak) | Pattern.Op("Where", IsNegative, Leak, X);

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var (x, alpha) = (match[X], match.Number(Alpha));
        if (Misfit(match, x) is { } why)
            return Outcome.Refused(why);
        if (match.Root.Is("Max") && alpha is not (> 0 and <= 1))
            return Outcome.Refused($"the maximum of x and '{match[Alpha]}' · x is a leaky rectifier for factors above 0 and up to 1 only");
        return Replace(match, LeakyRelu, options.Format, context, _ => [x], node => node.Attributes.Set("alpha", alpha));
    }
}
