using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Passes;

/// <summary>Newer opsets for models whose weights may be written with operators of the standard only.</summary>
internal static class StandardOpset
{
    /// <summary>From here on DequantizeLinear has a scale for each channel.</summary>
    public const long PerChannel = 13;

    /// <summary>From here on it has blocks and reads 4 bits.</summary>
    public const long Blocked = 21;

    /// <summary>From here on it reads 2 bits.</summary>
    public const long TwoBits = 25;

    public static IReadOnlyList<long> Steps { get; } = [PerChannel, Blocked, TwoBits];

    /// <summary>The newest of them that all of the model could be upgraded to, 0 for none, and why no newer one.</summary>
    public static (long Opset, string? Problem) Reach(PassContext context)
    {
        var copy = context.Model.Clone();
        var problem = UpgradeOpset.Raise(Steps, new PassContext(copy, new RewriteLog(), context.Engine, new DiagnosticBag()));
        return (copy.OldestOpset > context.Model.OldestOpset ? copy.OldestOpset : 0, problem);
    }
}
