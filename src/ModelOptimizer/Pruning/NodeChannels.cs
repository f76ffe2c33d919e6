using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>
/// One node as rules of channels see it. They say what may become narrower, and what with it; every axis that a rule does not mention stays as it is.
/// </summary>
internal sealed class NodeChannels(Node node, long opset, ChannelClasses classes, AxisChoices choices)
{
    private readonly HashSet<(Operand, int)> _mentioned = [];

    public Node Node => node;

    public long Opset => opset;

    public AxisChoices Choices => choices;

    public Operand? In(int slot) => Operand.Input(node, slot);

    public Operand? Out(int index = 0) => Operand.Output(node, index);

    /// <summary>The channels along an axis; null where there is no such tensor, its length is unknown, or 1.</summary>
    public ChannelRange? Range(Operand? operand, int axis)
    {
        if (operand is not { } tensor || Resolve(tensor, axis) is not { } resolved)
            return null;
        _mentioned.Add((tensor, resolved));
        return classes.Of(tensor, resolved);
    }

    /// <summary>Lets two axes of the same length become narrower together; where one is of length 1, it is spread over the other.</summary>
    public void Join(Operand? one, int axis, Operand? other, int otherAxis)
    {
        if (one is null || other is null)
            return;
        var (first, second) = (Range(one, axis), Range(other, otherAxis));
        if (first is null || second is null)
        {
            // Of an unknown length nobody knows what would have to go with it.
            if (!IsOne(one.Value, axis) && !IsOne(other.Value, otherAxis))
                HoldBoth(first, second, "its length is unknown at");
        }
        else if (first.Count == second.Count)
            JoinParts(first, 0, second, 0, first.Count);
        else
            HoldBoth(first, second, "lengths differ at");
    }

    /// <summary>Joins some neighbours of one axis with as many of another.</summary>
    public void JoinParts(ChannelRange one, int start, ChannelRange other, int otherStart, int count)
    {
        for (var place = 0; place < count; place++)
            classes.Unite(one[start + place], other[otherStart + place]);
    }

    /// <summary>Joins single channels.</summary>
    public void Unite(ChannelRange one, int place, ChannelRange other, int otherPlace) => classes.Unite(one[place], other[otherPlace]);

    /// <summary>Joins all axes of two tensors of the same rank, but for some.</summary>
    public void JoinAll(Operand? one, Operand? other, Func<int, bool>? but = null)
    {
        if (one?.Rank is not { } rank || other?.Rank != rank)
            return;
        for (var axis = 0; axis < rank; axis++)
            if (but is null || !but(axis))
                Join(one, axis, other, axis);
    }

    /// <summary>Joins the axes of a tensor with those of what it is spread over, aligned at the end.</summary>
    public void Broadcast(Operand? one, Operand? over)
    {
        if (one?.Rank is not { } rank || over?.Rank is not { } target || rank > target)
            return;
        for (var axis = 0; axis < rank; axis++)
            Join(one, axis, over, axis + target - rank);
    }

    /// <summary>Lets an axis stay as it is.</summary>
    /// <param name="why">The reason, to which the node is added: <c>adds up</c>.</param>
    public void Hold(Operand? operand, int axis, string why)
    {
        if (Range(operand, axis) is { } range)
            classes.Hold(range, new Anchor($"{why} {node}"));
    }

    /// <summary>Lets an axis stay for as long as another is chosen where one is cut into several.</summary>
    public void HoldInner(ChannelRange range) => classes.Hold(range, new Anchor($"another axis of it may become narrower at {node}", IsInner: true));

    /// <summary>Lets one channel stay as it is.</summary>
    public void HoldOne(ChannelRange range, int place) => classes.Hold(range with { Start = range[place], Count = 1 }, new Anchor($"it is one of the parts of {node}"));

    /// <summary>Lets an axis become narrower for whatever reason there may be.</summary>
    public void Allow(Operand? operand, int axis) => Range(operand, axis);

    public void MarkHeads(Operand? operand, int axis)
    {
        if (Range(operand, axis) is { } range)
            classes.MarkHeads(range);
    }

    public void MarkHeads(ChannelRange range) => classes.MarkHeads(range);

    /// <summary>Holds every axis that was not mentioned.</summary>
    public void Finish(string why)
    {
        foreach (var operand in Operand.Of(node))
            for (var axis = 0; axis < operand.Rank; axis++)
                if (!_mentioned.Contains((operand, axis)) && classes.Of(operand, axis) is { } range)
                    classes.Hold(range, new Anchor(why));
    }

    /// <summary>The axis counted from the first; null where the rank is unknown or too small.</summary>
    public static int? Resolve(Operand operand, long axis) =>
        operand.Rank is { } rank && axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

    /// <summary>Whether the axis is known to be of length 1.</summary>
    public static bool IsOne(Operand operand, int axis) => Resolve(operand, axis) is { } resolved && operand.Shape![resolved].Value == 1;

    private void HoldBoth(ChannelRange? one, ChannelRange? other, string why)
    {
        foreach (var range in new[] { one, other }.OfType<ChannelRange>())
            classes.Hold(range, new Anchor($"{why} {node}"));
    }
}
