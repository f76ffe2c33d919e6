using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Values of the original that were not compared, for one reason.</summary>
/// <param name="Why">The reason.</param>
/// <param name="First">The name of the first of them.</param>
/// <param name="Count">How many they are.</param>
public sealed record UncomparedValues(string Why, string First, int Count)
{
    /// <summary>All that were not, by reason, in the order in which the reasons first come up.</summary>
    internal static IReadOnlyList<UncomparedValues> Of(OnnxModel original, IReadOnlyList<(Node Node, Value Value)> made, IReadOnlyList<ValueMatch> matches,
        IReadOnlyList<PairSums> computed, Func<ValueMatch, string?> whyUnseen)
    {
        var known = matches.Index().ToDictionary(pair => pair.Item.Original, pair => pair.Index);
        var inFunctions = original.Functions.SelectMany(function => Flow.Made(function.Body)).Select(pair => (pair.Value, Why: (string?)"it lies in a function: inline-functions first"));
        return [.. made.Select(pair => (pair.Value, Why: Why(pair.Value))).Concat(inFunctions).Where(value => value.Why is not null)
            .GroupBy(value => value.Why!, (why, values) => new UncomparedValues(why, values.First().Value.Name, values.Count()))];

        string? Why(Value value) => !known.TryGetValue(value, out var i) ? "nothing in the candidate stands for it"
            : whyUnseen(matches[i]) ?? computed[i].WhyIncomparable ?? (computed[i].Samples == 0 ? "no sample took the branch that makes it" : null);
    }
}
