using System.ComponentModel;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces the logarithm of a softmax by LogSoftmax.
/// <code>
/// Log(Softmax(x))  =>  LogSoftmax(x)
/// </code>
/// Takes less than half the time. Where a probability is too small for its type, the answer is its logarithm instead of -∞.
/// </summary>
[Description("Replaces Log(Softmax(x)) by LogSoftmax.")]
public sealed class FuseLogSoftmax(FuseOptions options) : PatternFusion
{
    private static readonly FusedOperator LogSoftmax = new("LogSoftmax", 1);
    private static readonly Capture X = new();

    private protected override Pattern Pattern { get; } = Pattern.Op("Log", Pattern.Op("Softmax", X));

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var softmax = match.Nodes[^1];
        // The default differs between versions, but never between the two operators.
        return Replace(match, LogSoftmax, options.Format, context, _ => [match[X]], node =>
        {
            if (softmax.Attributes.TryGetInt("axis") is { } axis)
                node.Attributes.Set("axis", axis);
        });
    }
}
