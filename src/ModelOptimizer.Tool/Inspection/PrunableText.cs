using System.Globalization;
using ModelOptimizer.Pruning;
using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows what pruning passes could take out of a model.</summary>
internal sealed class PrunableText(CommandContext context, PruningPreview pruning, long parameters, bool all)
{
    private const int Most = 20;

    public void Write()
    {
        var shown = pruning.Groups.Take(all ? int.MaxValue : Most).ToList();
        var table = Tables.Create(">Units", "", ">Parameters each", ">FLOPs each", ">Of all parameters", ">Of all FLOPs", "Made first by");
        foreach (var group in shown)
            table.Row(Count(group.Units), Words(group.Kind), Count(group.ParametersOfUnit), Flops(group.FlopsOfUnit), Share(group.ParametersOfUnit * group.Units, parameters),
                Share(group.FlopsOfUnit * group.Units, pruning.Flops), group.Name);
        Line("");
        Line(pruning.Groups.Count == 0 ? "Nothing in it can become narrower."
            : $"{Count(pruning.Groups.Count, "group")} of units that can go one by one, of {Flops(pruning.Flops)} FLOPs in a usual run; what several groups share counts for each.");
        if (shown.Count > 0)
            context.Draw(table);
        if (shown.Count < pruning.Groups.Count)
            Line($"… and {Count(pruning.Groups.Count - shown.Count, "more group")}; --all lists them.");
        if (all)
            Details();
        else if (pruning.Held.Count > 0)
            Line($"{Count(pruning.Held.Count, "layer")} can't become narrower; --all says why, and which tensors each group cuts.");
    }

    private void Details()
    {
        foreach (var group in pruning.Groups)
        {
            Line("");
            Line($"{group.Name}: {Count(group.Units)} {Words(group.Kind)}");
            foreach (var axis in group.Weights)
                Line($"  weight '{axis.Tensor}' {Place(axis)}");
            foreach (var axis in group.Outputs)
                Line($"  result '{axis.Tensor}' {Place(axis)}");
        }
        if (pruning.Held.Count > 0)
            Line("");
        foreach (var layer in pruning.Held)
            Line($"{layer.Node} keeps the channels of '{layer.Weight}': {layer.Why}");
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private static string Place(PrunableAxis axis) =>
        $"axis {axis.Axis}, {axis.First} to {axis.Last} of {Count(axis.Length)}{(axis.PlacesOfUnit == 1 ? "" : $", {Count(axis.PlacesOfUnit)} each")}";

    private static string Words(PruningKind kind) => kind switch
    {
        PruningKind.Heads => "heads",
        PruningKind.Hidden => "neurons",
        _ => "channels",
    };

    private static string Share(double part, double whole) => whole > 0 ? Percent(part / whole) : "";

    private static string Flops(double number) => number switch
    {
        >= 1e9 => (number / 1e9).ToString("0.0 G", CultureInfo.InvariantCulture),
        >= 1e6 => (number / 1e6).ToString("0.0 M", CultureInfo.InvariantCulture),
        >= 1e3 => (number / 1e3).ToString("0.0 k", CultureInfo.InvariantCulture),
        _ => number.ToString("0", CultureInfo.InvariantCulture),
    };
}
