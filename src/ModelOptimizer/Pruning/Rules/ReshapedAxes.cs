namespace ModelOptimizer.Pruning;

/// <summary>
/// Which axes of the one shape become which of the other: axes that are the same on either end, and between them runs of axes with the same number
/// of elements, from the end on. Of a run that is one axis on one side and several on the other, one of the several can become narrower.
/// </summary>
internal sealed class ReshapedAxes
{
    private readonly NodeChannels _node;
    private readonly Operand _from;
    private readonly Operand _to;

    /// <summary>Those that are longer than 1, from the first on; matched ones are taken off.</summary>
    private readonly List<int> _left;
    private readonly List<int> _right;
    private int _cuts;

    public ReshapedAxes(NodeChannels node, Operand from, Operand to)
    {
        (_node, _from, _to) = (node, from, to);
        (_left, _right) = (Long(from), Long(to));
    }

    public void Join()
    {
        while (_left.Count > 0 && _right.Count > 0 && AreSame(_left[0], _right[0]))
            JoinRun(_left.TakeFirst(1), _right.TakeFirst(1));
        while (TryRun() is var (left, right) && left > 0)
            JoinRun(_left.TakeLast(left), _right.TakeLast(right));
        foreach (var axis in _left)
            _node.Hold(_from, axis, "axes of unknown lengths are put together by");
        foreach (var axis in _right)
            _node.Hold(_to, axis, "axes of unknown lengths are put together by");
    }

    private static List<int> Long(Operand operand) => [.. Enumerable.Range(0, operand.Rank!.Value).Where(axis => operand.Shape![axis].Value != 1)];

    private bool AreSame(int left, int right)
    {
        var (one, other) = (_from.Shape![left], _to.Shape![right]);
        return one.Value is not null || other.Value is not null ? one.Value == other.Value
            : !string.IsNullOrEmpty(one.Symbol) && one.Symbol == other.Symbol;
    }

    /// <summary>The shortest run at the end with as many elements on both sides: how many axes it has on each; zeros where there is none.</summary>
    private (int Left, int Right) TryRun()
    {
        if (_left.Count == 0 || _right.Count == 0)
            return default;
        if (AreSame(_left[^1], _right[^1]))
            return (1, 1);
        var (left, right) = (0, 0);
        var (one, other) = (1L, 1L);
        while (left == 0 || one != other)
        {
            var takesLeft = one <= other;
            if (takesLeft ? left == _left.Count : right == _right.Count)
                return default;
            var length = takesLeft ? _from.Shape![_left[^++left]].Value : _to.Shape![_right[^++right]].Value;
            if (length is not > 0)
                return default;
            (one, other) = takesLeft ? (one * length.Value, other) : (one, other * length.Value);
        }
        return (left, right);
    }

    private void JoinRun(List<int> left, List<int> right)
    {
        if (left.Count == 1 && right.Count == 1)
            _node.Join(_from, left[0], _to, right[0]);
        else if (left.Count == 1)
            Cut(_node.Range(_from, left[0]), [.. right.Select(axis => _node.Range(_to, axis)!)]);
        else if (right.Count == 1)
            Cut(_node.Range(_to, right[0]), [.. left.Select(axis => _node.Range(_from, axis)!)]);
        else
        {
            left.ForEach(axis => _node.Hold(_from, axis, "several axes become several others in"));
            right.ForEach(axis => _node.Hold(_to, axis, "several axes become several others in"));
        }
    }

    private void Cut(ChannelRange? whole, IReadOnlyList<ChannelRange> parts)
    {
        var taken = _node.Choices.Of(_node.Node, _cuts++, parts);
        var inner = parts.Skip(taken + 1).Aggregate(1, (product, part) => product * part.Count);
        for (var place = 0; place < whole!.Count; place++)
            _node.Unite(whole, place, parts[taken], place / inner % parts[taken].Count);
        for (var i = 0; i < parts.Count; i++)
            if (i != taken)
                _node.HoldInner(parts[i]);
    }
}

file static class Lists
{
    /// <summary>Takes some off the beginning.</summary>
    public static List<int> TakeFirst(this List<int> list, int count) => list.TakeRange(0, count);

    /// <summary>Takes some off the end.</summary>
    public static List<int> TakeLast(this List<int> list, int count) => list.TakeRange(list.Count - count, count);

    private static List<int> TakeRange(this List<int> list, int start, int count)
    {
        var taken = list.GetRange(start, count);
        list.RemoveRange(start, count);
        return taken;
    }
}
