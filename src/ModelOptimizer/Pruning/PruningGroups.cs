using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>The groups of a model, and the layers whose channels all have to stay.</summary>
/// <param name="Groups">In the order of nodes.</param>
/// <param name="Held">Weights, each with the node that reads it and why its channels stay.</param>
internal sealed record PruningGroups(IReadOnlyList<PruningGroup> Groups, IReadOnlyList<(Node Node, Value Weight, string Why)> Held)
{
    /// <param name="classes">What <see cref="ChannelMap"/> found.</param>
    public static PruningGroups Of(ChannelClasses classes)
    {
        var places = Places(classes);
        var groups = places.Values.Where(unit => unit.Any(part => ChannelRoles.Of(part.Range) == ChannelRole.Output))
            .GroupBy(Footprint).Where(units => units.Count() > 1).Select(units => Group([.. units], classes)).ToList();
        return new(groups, [.. FindHeld(classes)]);
    }

    /// <summary>Where channels of each class stand that may go, by the class's first channel.</summary>
    private static SortedDictionary<int, List<(ChannelRange Range, List<int> Places)>> Places(ChannelClasses classes)
    {
        var places = new SortedDictionary<int, List<(ChannelRange Range, List<int> Places)>>();
        foreach (var range in classes.Ranges)
            for (var place = 0; place < range.Count; place++)
            {
                if (classes.AnchorOf(range[place]) is not null)
                    continue;
                var first = classes.ClassOf(range[place]);
                if (!places.TryGetValue(first, out var parts))
                    places[first] = parts = [];
                if (parts.Count == 0 || parts[^1].Range != range)
                    parts.Add((range, []));
                parts[^1].Places.Add(place);
            }
        return places;
    }

    /// <summary>Equal for units that differ in their places only.</summary>
    private static string Footprint(List<(ChannelRange Range, List<int> Places)> unit) =>
        string.Join(';', unit.Select(part => $"{part.Range.Start}:{part.Places.Count}"));

    private static PruningGroup Group(IReadOnlyList<List<(ChannelRange Range, List<int> Places)>> units, ChannelClasses classes)
    {
        var axes = Enumerable.Range(0, units[0].Count)
            .Select(i => new PrunedAxis(units[0][i].Range, ChannelRoles.Of(units[0][i].Range), [.. units.Select(unit => unit[i].Places)]))
            .ToLookup(axis => axis.Operand.IsConstant);
        var firsts = units.Select(unit => classes.ClassOf(unit[0].Range[unit[0].Places[0]])).ToList();
        return new(Kind([.. axes[true]], classes.IsHead(firsts[0])), firsts, [.. axes[true]], [.. axes[false]]);
    }

    private static PruningKind Kind(IReadOnlyList<PrunedAxis> constants, bool areHeads) => areHeads ? PruningKind.Heads
        : constants.Where(axis => axis.Role != ChannelRole.Along).All(axis => axis.Operand.Reader!.OpType is "MatMul" or "Gemm" or "FusedMatMul" or "FusedGemm")
            && constants.Where(axis => axis.Role == ChannelRole.Input).DistinctBy(axis => axis.Operand.Value).Count() == 1 ? PruningKind.Hidden
        : PruningKind.Channels;

    private static IEnumerable<(Node, Value, string)> FindHeld(ChannelClasses classes) =>
        from range in classes.Ranges
        where ChannelRoles.Of(range) == ChannelRole.Output
        let anchor = classes.AnchorOf(range[0])
        where anchor is not null
        select (range.Operand.Reader!, range.Operand.Value, anchor.Why);
}
