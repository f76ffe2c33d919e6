using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Warns of quantized nodes whose sums x86 CPUs without VNNI clip: counted on calibration data where there is some, else bounded by the weights.</summary>
internal static class SaturationWarning
{
    /// <summary>Samples counted on at most: what shows on none of them is rare.</summary>
    public const int Samples = 32;

    private const int Shown = 3;

    private const string Advice =
        "Add 'target-isa: [avx2]' to quantize-static if the app runs on such CPUs, or 'target-isa: [vnni]' if it does not.";

    /// <param name="nodes">Quantized nodes.</param>
    public static void Report(PassContext context, IEnumerable<StaticNode> nodes, SourceLocation? location)
    {
        var risky = nodes.Where(node => node.Precision.MaySaturate && node.Node.Graph is not null)
            .Select(node => WeightSaturation.Of(node.Node)).OfType<WeightSaturation>().Where(weights => weights.Pairs.Count > 0).ToList();
        if (risky.Count == 0)
            return;
        var counts = context.Calibration?.Glance(Samples) is { } data ? Count(context, data, risky) : [];
        var counted = counts.Where(count => count.Clipped > 0).OrderByDescending(Share).ToList();
        var bounded = risky.Except(counts.Where(count => count.Results > 0).Select(count => count.Weights)).OrderByDescending(weights => weights.Share).ToList();
        var words = new[]
        {
            Counted(counted), Bounded(bounded), counted.Count + bounded.Count == 0 ? Unmet(risky.Count) : "",
        };
        context.Diagnostics.Report(new Diagnostic(DiagnosticCatalog.SaturatingSums, string.Join(' ', [.. words.Where(text => text.Length > 0), Advice]), location)
            { Severity = counted.Count + bounded.Count == 0 ? Severity.Info : Severity.Warning });
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
            + $"{List(counted, count => $"{count.Weights.Node} ({Percent(Share(count))} of its results)")}. That is counted on {Data}.";

    private static string Bounded(List<WeightSaturation> bounded) => bounded.Count == 0 ? ""
        : $"On x86 CPUs without VNNI, 16-bit sums could overflow in {bounded.Count} nodes: "
            + $"{List(bounded, weights => $"{weights.Node} ({Percent(weights.Share)} of its pairs of weights)")}. {SaturationBound.Words}";

    private static string Unmet(int nodes) =>
        $"On x86 CPUs without VNNI, 16-bit sums could overflow in {nodes} nodes as far as their weights tell, but on {Data} none does.";

    private static string Data => string.Create(CultureInfo.InvariantCulture, $"the calibration data (its first {Samples} samples at most)");

    private static double Share(SaturationCount count) => (double)count.Clipped / count.Results;

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.###}%");

    private static string List<T>(List<T> items, Func<T, string> words) => string.Join(", ", items.Take(Shown).Select(words)) + (items.Count > Shown ? ", …" : "");
}
