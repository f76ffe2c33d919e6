using ModelOptimizer.Bisection;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>optimize --bisect</c>.</summary>
/// <param name="Passes">The passes searched, in order.</param>
/// <param name="LeftOut">Passes of the profile that were not run, since they change outputs on purpose.</param>
/// <param name="Rewrites">How many rewrites the passes make.</param>
/// <param name="Samples">How many samples were compared.</param>
/// <param name="Source">Where they come from.</param>
/// <param name="Tolerance">Largest change allowed, as a part of an output's largest magnitude.</param>
/// <param name="Outputs">How far each output is from the original's after all rewrites.</param>
/// <param name="Culprit">The first rewrite that changes outputs beyond the tolerance; null when none does.</param>
internal sealed record BisectionOutcome(
    int SchemaVersion,
    string Model,
    IReadOnlyList<string> Passes,
    IReadOnlyList<string> LeftOut,
    int Rewrites,
    int Samples,
    string Source,
    double Tolerance,
    IReadOnlyList<OutputChange> Outputs,
    CulpritOutcome? Culprit)
{
    public static BisectionOutcome Of(
        string model, BisectionResult result, IEnumerable<BisectedPass> passes, double tolerance, IReadOnlyList<string> leftOut) =>
        new(1, model, [.. passes.Select(pass => pass.Pass.Name)], leftOut, result.Rewrites, result.Samples, result.Source, tolerance, result.Changes,
            result.Culprit is { } culprit ? CulpritOutcome.Of(culprit) : null);
}

/// <summary>The rewrite that does the harm.</summary>
/// <param name="Number">Its place among all rewrites, from 1 on.</param>
/// <param name="Group">The group that ran the pass; absent for a pass that the profile names itself.</param>
/// <param name="Outputs">Change of each output before and after it.</param>
/// <param name="Refusal">The runtime's reason not to run the model after it.</param>
/// <param name="Advice">How to get a model without it.</param>
internal sealed record CulpritOutcome(
    int Number,
    string Pass,
    string? Group,
    string What,
    string Where,
    IReadOnlyList<ChangedOutput> Outputs,
    string? Refusal,
    IReadOnlyList<string> Advice)
{
    public static CulpritOutcome Of(BlamedRewrite culprit)
    {
        var (rewrite, runBy) = (culprit.Rewrite, culprit.RunBy.Pass.Name);
        var after = culprit.After.ToDictionary(change => change.Output);
        return new(culprit.Number, rewrite.Pass, runBy == rewrite.Pass ? null : runBy, rewrite.What, rewrite.Where,
            [.. culprit.Before.Select(before => ChangedOutput.Of(before, after.GetValueOrDefault(before.Output)))],
            culprit.Refusal, ExclusionAdvice.For(culprit));
    }
}

/// <summary>One output around the rewrite; its changes are parts of the output's largest magnitude.</summary>
internal sealed record ChangedOutput(string Output, double Before, double? After, string? Remark)
{
    public static ChangedOutput Of(OutputChange before, OutputChange? after) => new(before.Output, before.Change, after?.Change, after?.Remark);
}
