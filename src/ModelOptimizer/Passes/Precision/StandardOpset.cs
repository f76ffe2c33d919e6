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

    /// <summary>Upgrades the model to each of the versions that is newer, as far as it goes.</summary>
    /// <returns>Why one is out of reach; null when none is.</returns>
    public static string? Raise(IEnumerable<long> versions, PassContext context)
    {
        try
        {
            foreach (var version in versions.Distinct().Order())
                new UpgradeOpset(new UpgradeOpsetOptions { Version = version, KeepsNewer = true }).Run(context.Model, context);
            return null;
        }
        catch (DiagnosticException e)
        {
            return e.Diagnostics[0].Message;
        }
    }

    /// <summary>The newest of them that the model could be upgraded to, 0 for none, and why no newer one.</summary>
    public static (long Opset, string? Problem) Reach(PassContext context)
    {
        var copy = context.Model.Clone();
        var problem = Raise(Steps, new PassContext(copy, new RewriteLog(), context.Engine, new DiagnosticBag()));
        return (copy.Opset > context.Model.Opset ? copy.Opset : 0, problem);
    }
}
