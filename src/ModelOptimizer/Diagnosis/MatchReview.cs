using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>
/// Tells matches that are none: who moves a factor or a bias past a value often leaves it its name, and it is another quantity from then on. Noise
/// reaches what is made of a value; what only seems noise does not.
/// </summary>
internal sealed class MatchReview(IReadOnlyList<ValueMatch> matches, IReadOnlyList<PairSums> computed, double threshold)
{
    /// <summary>How much less noise there must be behind a value that is but a multiple of the original's.</summary>
    private const double BehindMultiple = 1e-1;

    /// <summary>The same behind nodes that quantize nothing, which make no noise.</summary>
    private const double BehindFloats = 1e-2;

    /// <summary>The same behind nodes that quantize: the sum of a small noisy part and a large one is no proof.</summary>
    private const double BehindCodes = 1e-4;

    private readonly Dictionary<Value, int> _index = matches.Index().ToDictionary(pair => pair.Item.Original, pair => pair.Index);
    private readonly HashSet<Value> _known = [.. matches.Select(match => match.Computed)];
    private readonly HashSet<Value> _rounded = [.. matches.Select(match => match.Rounded).OfType<Value>()];
    private readonly HashSet<int> _others = [];

    /// <summary>The matches that are another quantity.</summary>
    public IReadOnlySet<int> Others()
    {
        // From the end on: what is made of a value is judged before it.
        for (var i = matches.Count - 1; i >= 0; i--)
            if (IsOther(i))
                _others.Add(i);
        return _others;
    }

    private bool IsOther(int i)
    {
        var sums = computed[i];
        if (!IsCompared(i) || sums.IsNotFinite || sums.Ratio < threshold || matches[i].Original is { IsGraphOutput: true, Graph.Owner: null })
            return false;
        var behind = Behind(matches[i].Original).ToList();
        return behind.Count > 0 && behind.Max(next => computed[next].Ratio) <= sums.Ratio * Relief(i);
    }

    private double Relief(int i) => computed[i].RatioOfMultiple <= computed[i].Ratio / 100 ? BehindMultiple
        : Region.Behind(matches[i].Computed, _known, _rounded).Form == NumberForm.Float ? BehindFloats
        : BehindCodes;

    /// <summary>The nearest values made of this one that are compared.</summary>
    private IEnumerable<int> Behind(Value value)
    {
        var (open, seen) = (new Stack<Value>([value]), new HashSet<Value>([value]));
        while (open.TryPop(out var next))
            foreach (var made in next.Uses.SelectMany(Flow.Behind))
                if (_index.TryGetValue(made, out var index) && IsCompared(index) && !_others.Contains(index))
                    yield return index;
                else if (seen.Add(made))
                    open.Push(made);
    }

    private bool IsCompared(int i) => computed[i] is { IsIncomparable: false, Samples: > 0 };
}
