using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Warns of quantized nodes whose sums x86 CPUs without VNNI clip: counted on calibration data where there is some, else bounded by the weights.</summary>
/// <param name="Words">What to say.</param>
/// <param name="Severity">Info where enough was counted to know that nothing is clipped, or next to nothing.</param>
internal sealed record SaturationWarning(string Words, Severity Severity)
{
    /// <summary>Samples counted on at most: what shows on none of them is rare.</summary>
    public const int Samples = 32;

    private const int Shown = 3;

    private const string Advice =
        "Add 'target-isa: [avx2]' to quantize-static if the app runs on such CPUs, or 'target-isa: [vnni]' if it does not.";

    /// <param name="nodes">Quantized nodes.</param>
    /// <returns>Null when there is nothing to say.</returns>
    public static SaturationWarning? Find(PassContext context, IEnumerable<StaticNode> nodes)
    {
        var risky = nodes.Where(node => node.Precision.MaySaturate && node.Node.Graph is not null)
            .Select(node => WeightSaturation.Of(node.Node)).OfType<WeightSaturation>().Where(weights => weights.Pairs.Count > 0).ToList();
        if (risky.Count == 0)
            return null;
        var counts = context.Calibration?.Glance(Samples) is { } data ? Count(context, data, risky).FindAll(count => count.Results > 0) : [];
        var counted = counts.Where(count => count.Clipped > 0).OrderByDescending(Share).ToList();
        var unsure = counts.Where(count => count is { Clipped: 0, IsEnough: false }).OrderByDescending(count => count.Weights.Share).ToList();
        var bounded = risky.Except(counts.Select(count => count.Weights)).OrderByDescending(weights => weights.Share).ToList();
        var words = new[] { Counted(counted), Unsure(unsure), Bounded(bounded) }.Where(text => text.Length > 0).ToList();
        return words.Count == 0 ? new(Unmet(counts), Severity.Info) : new(string.Join(' ', words), Severity.Warning);
    }

    /// <summary>Says it once for the whole pass.</summary>
    /// <param name="found">Of nodes with static ranges; null when there is nothing to say.</param>
    /// <param name="others">What there is to say of others.</param>
    public static void Report(PassContext context, SaturationWarning? found, IReadOnlyList<string> others, SourceLocation? location)
    {
        if (found is null && others.Count == 0)
            return;
        var words = others.Prepend(found?.Words).OfType<string>().Append(Advice);
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SaturatingSums, string.Join(' ', words), location)
            { Severity = others.Count > 0 ? Severity.Warning : found!.Severity });
    }

    private static List<SaturationCount> Count(PassContext context, CalibrationData data, List<WeightSaturation> risky)
    {
        var counts = risky.Select(SaturationCount.Of).OfType<SaturationCount>().ToList();
        var readers = counts.GroupBy(count => count.Codes).ToDictionary(group => group.Key, group => group.ToList());
        if (counts.Count > 0)
            data.Observe(context.Model, [.. readers.Keys], codes => new SaturationCounts(readers[codes]));
        return counts;
    }

    private static string Counted(List<SaturationCount> counted) => counted.Count == 0 ? ""
        : $"On x86 CPUs without VNNI, 16-bit sums overflow in {counted.Count} nodes: "
            + $"{List(counted, count => $"{count.Weights.Node} ({Percent(Share(count))} of its results)")}. That is counted on {Data(counted)}.";

    private static string Unsure(List<SaturationCount> unsure) => unsure.Count == 0 ? ""
        : $"On x86 CPUs without VNNI, 16-bit sums could overflow in {unsure.Count} nodes as far as their weights tell: "
            + $"{List(unsure, count => $"{count.Weights.Node} ({count.Rows} of {count.AllRows} rows counted)")}. On {Data(unsure)} none does, "
            + $"but it takes {SaturationCount.FewestRows} rows to call it rare: name more samples under 'calibration:'.";

    private static string Bounded(List<WeightSaturation> bounded) => bounded.Count == 0 ? ""
        : $"On x86 CPUs without VNNI, 16-bit sums could overflow in {bounded.Count} nodes: "
            + $"{List(bounded, weights => $"{weights.Node} ({Percent(weights.Share)} of its pairs of weights)")}. {SaturationBound.Words}";

    private static string Unmet(List<SaturationCount> counts) =>
        $"On x86 CPUs without VNNI, 16-bit sums could overflow in {counts.Count} nodes as far as their weights tell, "
            + $"but on {Data(counts)} none does.";

    private static string Data(List<SaturationCount> counts) => string.Create(CultureInfo.InvariantCulture,
        $"the calibration data (at most {Samples} of its samples, {Taken(counts.Min(count => (double)count.Rows / count.AllRows))} of their rows)");

    private static string Taken(double share) => share < 1 ? $"{Percent(share)} or more" : "all";

    private static double Share(SaturationCount count) => (double)count.Clipped / count.Results;

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.###}%");

    private static string List<T>(List<T> items, Func<T, string> words) => string.Join(", ", items.Take(Shown).Select(words)) + (items.Count > Shown ? ", …" : "");
}
