using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what each pass would do to a model by itself.</summary>
internal sealed class PassesText(CommandContext context, IReadOnlyList<PassInspection> passes, bool all)
{
    public void Write()
    {
        var shown = passes.Where(pass => all || pass.Rewrites > 0 || pass.LeftAlone > 0 || pass.Problem is not null).ToList();
        var table = Tables.Create("Pass", ">Rewrites", ">Left alone", ">Nodes", ">Weights", "");
        foreach (var pass in shown)
            table.Row((pass.Group is null ? "" : "  ") + pass.Pass, Some(pass.Rewrites), Some(pass.LeftAlone),
                Difference(0, pass.Nodes), pass.Bytes == 0 ? "" : $"{(pass.Bytes > 0 ? "+" : "-")}{Bytes(Math.Abs(pass.Bytes))}", pass.Problem ?? "");
        Line("");
        Line("Each pass by itself on the model as it is; nothing is written.");
        if (shown.Count > 0)
            context.Draw(table);
        if (shown.Count < passes.Count)
            Line($"{Count(passes.Count - shown.Count)} of {Count(passes.Count)} passes would find nothing; --all lists them.");
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Some(int count) => count == 0 ? "" : Count(count);
}
