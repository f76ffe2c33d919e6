namespace ModelOptimizer.Pruning;

/// <summary>
/// Which channels stand and fall together: a partition of all channels of all tensors (disjoint sets: Tarjan, "Efficiency of a Good But Not Linear
/// Set Union Algorithm", J. ACM 1975). Some have to stay, with all that are joined to them.
/// </summary>
internal sealed class ChannelClasses
{
    private readonly Dictionary<(Operand, int), ChannelRange?> _ranges = [];
    private readonly List<ChannelRange> _inOrder = [];
    private readonly List<int> _parents = [];
    private readonly Dictionary<int, Anchor> _anchors = [];
    private readonly HashSet<int> _heads = [];

    /// <summary>Everything that was asked for, in that order.</summary>
    public IReadOnlyList<ChannelRange> Ranges => _inOrder;

    /// <summary>The channels along an axis; null where its length is unknown, or 1.</summary>
    public ChannelRange? Of(Operand operand, int axis)
    {
        if (_ranges.TryGetValue((operand, axis), out var known))
            return known;
        var range = operand.Shape?[axis].Value is { } length and > 1 and <= int.MaxValue ? Add(operand, axis, (int)length) : null;
        return _ranges[(operand, axis)] = range;
    }

    /// <summary>The first channel of the class, by which the class is known.</summary>
    public int ClassOf(int channel)
    {
        while (_parents[channel] != channel)
            channel = _parents[channel] = _parents[_parents[channel]];
        return channel;
    }

    public void Unite(int one, int other)
    {
        var (first, second) = (ClassOf(one), ClassOf(other));
        if (first == second)
            return;
        if (first > second)
            (first, second) = (second, first);
        _parents[second] = first;
        if (_heads.Remove(second))
            _heads.Add(first);
        if (_anchors.Remove(second, out var anchor))
            Hold(first, anchor);
    }

    /// <summary>Lets the channels stay, and all that are ever joined to them.</summary>
    public void Hold(ChannelRange range, Anchor anchor)
    {
        for (var place = 0; place < range.Count; place++)
            Hold(ClassOf(range[place]), anchor);
    }

    /// <summary>Why the channel has to stay; null when it may go.</summary>
    public Anchor? AnchorOf(int channel) => _anchors.GetValueOrDefault(ClassOf(channel));

    /// <summary>Notes that the channels are heads of attention.</summary>
    public void MarkHeads(ChannelRange range)
    {
        for (var place = 0; place < range.Count; place++)
            _heads.Add(ClassOf(range[place]));
    }

    public bool IsHead(int channel) => _heads.Contains(ClassOf(channel));

    private void Hold(int first, Anchor anchor)
    {
        if (!_anchors.TryGetValue(first, out var known) || (known.IsInner && !anchor.IsInner))
            _anchors[first] = anchor;
    }

    private ChannelRange Add(Operand operand, int axis, int length)
    {
        var range = new ChannelRange(operand, axis, _parents.Count, length);
        _inOrder.Add(range);
        _parents.AddRange(Enumerable.Range(range.Start, length));
        return range;
    }
}

/// <summary>Why channels have to stay.</summary>
/// <param name="Why">The reason, in words that go on from "it stays: …".</param>
/// <param name="IsInner">Whether only the choice of another axis, where a Reshape cuts one into several, holds them.</param>
internal sealed record Anchor(string Why, bool IsInner = false);
