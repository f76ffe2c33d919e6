namespace ModelOptimizer.Quantization;

/// <summary>A choice that no other of its thing beats in both bytes and error.</summary>
/// <param name="Index">Where it stands among all choices of the thing.</param>
internal readonly record struct Contender(int Index, long Bytes, double Error);

/// <summary>The choices of one thing that can be worth having, from small to large.</summary>
internal sealed class ChoiceHull
{
    /// <param name="choices">One at least with a finite error.</param>
    public ChoiceHull(IReadOnlyList<StorageChoice> choices)
    {
        Contenders = Undominated(choices);
        Steps = Convex(Contenders);
    }

    /// <summary>By growing bytes and falling error.</summary>
    public IReadOnlyList<Contender> Contenders { get; }

    /// <summary>Those of them on the lower convex hull, where each byte more buys less than the one before.</summary>
    public IReadOnlyList<Contender> Steps { get; }

    private static List<Contender> Undominated(IReadOnlyList<StorageChoice> choices)
    {
        var kept = new List<Contender>();
        foreach (var next in choices.Select((choice, i) => new Contender(i, choice.Bytes, choice.Error))
            .Where(choice => double.IsFinite(choice.Error))
            .OrderBy(choice => choice.Bytes).ThenBy(choice => choice.Error).ThenBy(choice => choice.Index))
            if (kept.Count == 0 || next.Error < kept[^1].Error)
                kept.Add(next);
        return kept.Count > 0 ? kept : throw new ArgumentException("No choice has a finite error", nameof(choices));
    }

    /// <summary>Andrew's monotone chain.</summary>
    private static List<Contender> Convex(IReadOnlyList<Contender> contenders)
    {
        var hull = new List<Contender>();
        foreach (var next in contenders)
        {
            while (hull.Count > 1 && Gain(hull[^2], hull[^1]) <= Gain(hull[^1], next))
                hull.RemoveAt(hull.Count - 1);
            hull.Add(next);
        }
        return hull;
    }

    /// <summary>Error saved by each byte more.</summary>
    public static double Gain(Contender smaller, Contender larger) => (smaller.Error - larger.Error) / (larger.Bytes - smaller.Bytes);
}
