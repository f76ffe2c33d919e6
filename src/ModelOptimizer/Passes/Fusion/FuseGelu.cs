using System.ComponentModel;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces the Gaussian error linear unit, spelled out with the error function, by one operator.
/// <code>
/// x · 0.5 · (1 + Erf(x / √2))  =>  Gelu(x)
/// </code>
/// Factors may come in any order and grouping, √2 as a divisor or a factor. Written as <c>Gelu</c> from opset 20 on, else as
/// <c>com.microsoft.Gelu</c>. As fast as the formula, which the runtime fuses itself. (Hendrycks and Gimpel, "Gaussian Error Linear
/// Units", arXiv 1606.08415.)
/// </summary>
[Description("Replaces x · 0.5 · (1 + Erf(x / √2)) by Gelu.")]
public sealed class FuseGelu(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator Gelu = new("Gelu", 20, OperatorName.Microsoft("Gelu"));
    private static readonly Capture X = new();
    private static readonly Pattern Erf = Pattern.Op("Erf", Pattern.Scaled(X, 1 / Math.Sqrt(2)));

    private protected override Pattern Pattern { get; } = Pattern.Product(1 + Erf, X, 0.5) | X * (Pattern.Scaled(Erf, 0.5) + 0.5);

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var x = match[X];
        if (Misfit(match, x) is { } why)
            return Outcome.Refused(why);
        return Replace(match, Gelu, options.Format, context, _ => [x]);
    }
}
