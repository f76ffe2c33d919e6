using System.Globalization;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>What recovery brings back of what pruning costs, from the rows of the table.</summary>
internal sealed class RecoverySummary(RowTable results)
{
    /// <summary>A model that loses less without recovery tells little about it.</summary>
    private const double FewestPoints = 1;

    private const int QualityColumn = 4;

    public IEnumerable<string> Lines()
    {
        List<(int Share, Loss Loss)> all = [.. new[] { 10, 25, 50 }.SelectMany(share => results.Models.Select(model => Find(model, share)).OfType<Loss>().Select(loss => (share, loss)))];
        return
        [
            "", "## What recovery brings back", "",
            "Points are percent of top-1, of characters read (100 - CER), of overlap and of area. Pooled are the models that lose more than one point without recovery.", "",
            "| units out | model | original | no recovery | with recovery | points lost | with recovery |", "|---|---|---|---|---|---|---|",
            .. all.Select(one => $"| {one.Share} % | {one.Loss.Model} | {one.Loss.Original} | {one.Loss.Without} | {one.Loss.With} | {Number(one.Loss.LostWithout)} | {Number(one.Loss.LostWith)} |"),
            .. all.GroupBy(one => one.Share, one => one.Loss).Where(share => share.Any(loss => loss.LostWithout > FewestPoints)).Select(Pooled),
        ];
    }

    private static string Pooled(IGrouping<int, Loss> share)
    {
        var losers = share.Where(loss => loss.LostWithout > FewestPoints).ToList();
        var (without, with) = (losers.Sum(loss => loss.LostWithout!.Value), losers.Sum(loss => loss.LostWith!.Value));
        return $"| **{share.Key} %** | **pooled, {losers.Count} models** | | | | **{Number(without)}** | **{Number(with)}, {Number(100 * with / without)} % of the loss** |";
    }

    private Loss? Find(string model, int share) =>
        Quality(model, "float32") is { } original && Quality(model, $"{share} % of all units, no recovery") is { } without && Quality(model, $"{share} % of all units") is { } with
            ? new(model, original, without, with)
            : null;

    private string? Quality(string model, string setting) => results.Find(model, setting) is { } row && !row[QualityColumn].StartsWith("none", StringComparison.Ordinal) ? row[QualityColumn] : null;

    private static string Number(double? value) => value?.ToString("0.##", CultureInfo.InvariantCulture) ?? "";

    private sealed record Loss(string Model, string Original, string Without, string With)
    {
        public double? LostWithout => Points(Original) - Points(Without);

        public double? LostWith => Points(Original) - Points(With);

        /// <summary>Null for perplexity, which has no points.</summary>
        private static double? Points(string quality)
        {
            var words = quality.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var number = double.Parse(words[1].TrimEnd('%'), CultureInfo.InvariantCulture);
            return words[0] switch
            {
                "top-1" => number,
                "CER" => 100 - number,
                "IoU" or "AUC" => 100 * number,
                _ => null,
            };
        }
    }
}
