using System.Text.RegularExpressions;
using ModelOptimizer.Reporting;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>
/// Lists what one pass did, a group's members one after the other: every change, every candidate left alone by its reason, every weight.
/// What happened most often comes first.
/// </summary>
internal sealed partial class PassExplanation(CommandContext context, OptimizationReport report, string pass)
{
    public void Write()
    {
        Line("");
        if (report.Passes.All(run => run.Pass != pass))
            Line($"{pass} did not run: the profile does not name it.");
        else if (Members() is { Count: > 0 } members)
            WriteGroup(members);
        else if (!WritePass(pass))
            Line($"{pass} found nothing to do.");
    }

    /// <summary>In the order in which they run.</summary>
    private List<string> Members() => [.. report.Passes.Where(run => run.Group == pass).Select(run => run.Pass).Distinct()];

    private void WriteGroup(List<string> members)
    {
        var busy = members.FindAll(member => report.Passes.Any(run => run.Group == pass && run.Pass == member && run.Rewrites + run.Refusals > 0));
        foreach (var member in busy)
        {
            Line($"{member}:");
            WritePass(member, report.Passes.Any(run => run.Group == pass && run.Pass == member && run.Rewrites > 0));
            Line("");
        }
        Line($"{Count(members.Count - busy.Count)} of the {Count(members.Count)} passes of {pass} found nothing to do.");
    }

    /// <param name="withRewrites">False where another group made them.</param>
    /// <returns>Whether there was anything to tell.</returns>
    private bool WritePass(string name, bool withRewrites = true)
    {
        var rewrites = report.Rewrites.Where(rewrite => withRewrites && rewrite.Pass == name)
            .SelectMany(rewrite => rewrite.Where.Select(place => new Told(rewrite.What, place)));
        var refusals = report.Refusals.Where(refusal => refusal.Pass == name).Select(refusal => new Told(refusal.Why, refusal.Where));
        var isAny = List(" ×", rewrites) | List(" left alone:", refusals);
        return Weights(name) || isAny;
    }

    /// <summary>What differs only in the names quoted stands together, the names behind the places.</summary>
    private bool List(string verb, IEnumerable<Told> told)
    {
        var groups = told.GroupBy(item => item.Template).OrderByDescending(group => group.Count()).ToList();
        foreach (var group in groups)
        {
            var isOne = group.Select(item => item.Text).Distinct().Count() == 1;
            Line($"{Count(group.Count())}{verb} {(isOne ? group.First().Text : group.Key)}");
            foreach (var item in group)
                Line($"  {item.Place}{(isOne ? "" : $" ({item.Names})")}");
        }
        return groups.Count > 0;
    }

    private bool Weights(string name)
    {
        var weights = report.Weights.Where(weight => weight.Pass == name).ToList();
        if (weights.Count == 0)
            return false;
        var table = Tables.Create(">Before", ">After", "Type", "Weight", "Decision");
        foreach (var weight in weights)
            table.Row(
                Bytes(weight.BytesBefore), Bytes(weight.BytesAfter), weight.Type, weight.Weight, weight.Form ?? $"left alone: {weight.Refusal}");
        context.Draw(table);
        return true;
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    /// <summary>One change or refusal.</summary>
    private readonly partial record struct Told(string Text, string Place)
    {
        public string Template => Quoted().Replace(Text, "'…'");

        public string Names => string.Join(", ", Quoted().Matches(Text).Select(match => match.Value));

        [GeneratedRegex("'[^']*'")]
        private static partial Regex Quoted();
    }
}
