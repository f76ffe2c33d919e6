using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>Where a graph is cut into slices, so that what is alive at once stays small.</summary>
/// <param name="Starts">The first node of each slice.</param>
/// <param name="PeakBytes">What one sample holds at most.</param>
/// <param name="PeakNode">The node at which it does.</param>
internal sealed record SlicePlan(IReadOnlyList<int> Starts, long PeakBytes, Node? PeakNode)
{
    /// <summary>
    /// Cuts before a node that would exceed the limit, as late as possible. Within a slice all values that it hands out stay alive, others until
    /// they were read last; from slice to slice only what is still read. Large constants are let go of behind a slice, and cut apart, too.
    /// </summary>
    /// <param name="isHandedOut">Whether a slice hands a value out even if no later one reads it.</param>
    /// <param name="canCross">Whether a value that a slice makes can be an input of another.</param>
    /// <param name="limit">Bytes that one sample may hold.</param>
    public static SlicePlan Make(NodeReads reads, Predicate<Value> isHandedOut, Predicate<Value> canCross, ValueSizes sizes, long limit) =>
        Make(reads, isHandedOut, canCross, sizes, (_, bytes, constants) => bytes > limit || constants > SharedConstants.Window);

    /// <summary>The same cuts for other sizes.</summary>
    public SlicePlan With(NodeReads reads, Predicate<Value> isHandedOut, Predicate<Value> canCross, ValueSizes sizes)
    {
        var starts = Starts.ToHashSet();
        return Make(reads, isHandedOut, canCross, sizes, (place, _, _) => starts.Contains(place));
    }

    /// <param name="cutsBefore">
    /// Whether to cut before the node at a place, with which so many bytes would be held, and so many be those of the slice's constants.
    /// </param>
    private static SlicePlan Make(
        NodeReads reads, Predicate<Value> isHandedOut, Predicate<Value> canCross, ValueSizes sizes, Func<int, long, long, bool> cutsBefore)
    {
        var constants = 0L;
        var (starts, peak) = (new List<int> { 0 }, (Bytes: 0L, Node: (Node?)null));
        var alive = reads.Nodes.SelectMany(node => reads[node]).Where(value => value.IsGraphInput && value.Initializer is null).ToHashSet();
        var live = alive.Sum(sizes.Of);
        for (var i = 0; i < reads.Nodes.Count; i++)
        {
            var node = reads.Nodes[i];
            var made = node.Outputs.OfType<Value>().Sum(sizes.Of);
            var more = SharedConstants.BytesOf(reads[node]);
            constants += more;
            if (i > starts[^1] && cutsBefore(i, live + made, constants) && CanCut(i))
            {
                starts.Add(i);
                constants = more;
                Free(value => isHandedOut(value) && reads.LastUse(value) < i);
            }
            alive.UnionWith(node.Outputs.OfType<Value>());
            live += made;
            if (live > peak.Bytes)
                peak = (live, node);
            foreach (var value in reads[node].Concat(node.Outputs.OfType<Value>()))
                if (reads.LastUse(value) <= i && !isHandedOut(value) && !value.IsGraphInput && alive.Remove(value))
                    live -= sizes.Of(value);
        }
        return new SlicePlan(starts, peak.Bytes, peak.Node);

        bool CanCut(int before) => alive.All(value => reads.LastUse(value) < before || value.IsGraphInput || canCross(value));

        void Free(Predicate<Value> isDone)
        {
            live -= alive.Where(value => isDone(value)).Sum(sizes.Of);
            alive.RemoveWhere(isDone);
        }
    }

    public bool CutsLike(SlicePlan? other) => other is not null && Starts.SequenceEqual(other.Starts);
}
