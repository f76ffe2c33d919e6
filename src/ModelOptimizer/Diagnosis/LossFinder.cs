using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>A step at which noise was added: computing a value, or quantizing it for its readers.</summary>
/// <param name="Index">The match.</param>
/// <param name="Before">Noise over signal of what it is made of.</param>
/// <param name="After">Noise over signal of what came out.</param>
internal sealed record LossStep(int Index, bool IsRounding, double Before, double After)
{
    public double Added => double.IsPositiveInfinity(After) ? double.IsPositiveInfinity(Before) ? 0 : After : After - Before;
}

/// <summary>Follows noise along the graph and tells where it comes in.</summary>
internal sealed class LossFinder(IReadOnlyList<ValueMatch> matches, IReadOnlyList<PairSums> computed, IReadOnlyList<PairSums?> rounded)
{
    private readonly Dictionary<Value, int> _index = matches.Select((match, i) => (match.Original, i)).ToDictionary(pair => pair.Original, pair => pair.i);
    private readonly Dictionary<Value, double> _seen = [];

    /// <summary>Every step, in order of execution.</summary>
    public IEnumerable<LossStep> Steps()
    {
        for (var i = 0; i < matches.Count; i++)
        {
            if (computed[i].IsIncomparable || computed[i].Samples == 0)
                continue;
            var before = Flow.Before(matches[i].Original).Select(Seen).DefaultIfEmpty(0).Max();
            yield return new LossStep(i, IsRounding: false, before, computed[i].Ratio);
            if (rounded[i] is { IsIncomparable: false, Samples: > 0 } read)
                yield return new LossStep(i, IsRounding: true, computed[i].Ratio, read.Ratio);
        }
    }

    /// <summary>Noise over signal of a value as its readers see it; of one that was not compared, the worst of what it is made of.</summary>
    private double Seen(Value value)
    {
        if (_seen.TryGetValue(value, out var known))
            return known;
        var open = new Stack<Value>([value]);
        while (open.TryPeek(out var next))
        {
            var waiting = _seen.ContainsKey(next) || Own(next) is not null ? [] : Flow.Before(next).Where(input => !_seen.ContainsKey(input)).ToList();
            waiting.ForEach(open.Push);
            if (waiting.Count > 0)
                continue;
            _seen.TryAdd(next, Own(next) ?? Flow.Before(next).Select(input => _seen[input]).DefaultIfEmpty(0).Max());
            open.Pop();
        }
        return _seen[value];
    }

    private double? Own(Value value) => _index.TryGetValue(value, out var i) && !computed[i].IsIncomparable && computed[i].Samples > 0
        ? (rounded[i] is { IsIncomparable: false } read ? read : computed[i]).Ratio
        : null;
}
