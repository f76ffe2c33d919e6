using ModelOptimizer.Bisection;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Tool;

/// <summary>Says how to get a model without one rewrite.</summary>
internal static class ExclusionAdvice
{
    public static IReadOnlyList<string> For(BlamedRewrite culprit) =>
    [
        InProfile(culprit.RunBy, culprit.Rewrite),
        $"Or stop before it: --max-rewrites {culprit.Number - 1}",
        .. BreaksPromise(culprit) ? [$"And report it, please: {culprit.Rewrite.Pass} promises less change than that"] : Array.Empty<string>(),
    ];

    /// <summary>A tolerance of the user's own may be stricter than what a pass promises.</summary>
    private static bool BreaksPromise(BlamedRewrite culprit) => RewriteBisector.DefaultTolerance(culprit.RunBy.Pass.Effect) is { } promised
        && (culprit.Refusal is not null || culprit.After.Any(change => change.Change > promised));

    private static string InProfile(BisectedPass runBy, Rewrite rewrite) => runBy.Pass switch
    {
        ISelectivePass pass => $"Exclude the place in the profile: '- {((IGraphPass)pass).Name}: {{ exclude: [\"{rewrite.Name}\"] }}'",
        Simplify when PassRegistry.Create(rewrite.Pass).Effect != NumericEffect.Exact =>
            "Keep simplify to what is exact: '- simplify: { exact: true }'",
        FixpointGroup group => $"Name the other passes of {runBy.Pass.Name} in its place: {Others(group, runBy.Options, rewrite.Pass)}",
        _ => $"Leave {runBy.Pass.Name} out of the profile",
    };

    private static string Others(FixpointGroup group, object? options, string culprit) =>
        $"[{string.Join(", ", group.Passes.Select(pass => pass.Name).Where(name => name != culprit).Select(name => Entry(name, options)))}]";

    /// <summary>A member by itself needs to be told what its group was told.</summary>
    private static string Entry(string pass, object? groupOptions) => PassHelp.Said(groupOptions, PassRegistry.Find(pass)!).ToList() switch
    {
        [] => pass,
        var said => $"{pass}: {{ {string.Join(", ", said)} }}",
    };
}
