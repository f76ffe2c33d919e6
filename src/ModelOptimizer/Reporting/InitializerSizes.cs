using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Reporting;

/// <summary>Follows each constant of the original to what stands for it in the result.</summary>
internal static class InitializerSizes
{
    /// <summary>Constants that a report lists one by one.</summary>
    private const int Most = 40;

    public static InitializersReport Of(OnnxModel original, OnnxModel result, RewriteLog log)
    {
        var (before, after) = (ByName(original), ByName(result));
        // The last to compress a weight has the last word.
        var compressed = log.Weights.Where(weight => weight.Form is not null).GroupBy(weight => weight.Weight)
            .ToDictionary(group => group.Key, group => group.Last());
        var all = before.Values.Select(constant =>
            new InitializerReport(constant.Name, constant.Type.ToString(), constant.Operator, constant.Bytes, After(constant.Name)))
            .Concat(compressed.Values.Where(weight => !before.ContainsKey(weight.Weight))
                .Select(weight => new InitializerReport(weight.Weight, weight.Type.ToString(), "", 0, weight.BytesAfter)));
        return new(before.Values.Sum(constant => constant.Bytes), after.Values.Sum(constant => constant.Bytes),
            [.. all.OrderByDescending(one => Math.Max(one.Before, one.After ?? 0)).ThenBy(one => one.Name, StringComparer.Ordinal).Take(Most)]);

        long? After(string name) => compressed.TryGetValue(name, out var weight) ? weight.BytesAfter
            : after.TryGetValue(name, out var same) ? same.Bytes
            : null;
    }

    /// <summary>Bodies may have constants of one name: they count together.</summary>
    private static Dictionary<string, ConstantSummary> ByName(OnnxModel model) => ModelSummary.Of(model).Constants
        .GroupBy(constant => constant.Name)
        .ToDictionary(group => group.Key, group => group.First() with { Bytes = group.Sum(constant => constant.Bytes) });
}
