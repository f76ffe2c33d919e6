namespace ModelOptimizer.Pruning;

/// <summary>
/// Operators of attention: a head goes with all of its channels in queries, keys, values and results. Where several heads of queries share one of
/// keys and values, they go together.
/// </summary>
internal static class AttentionChannels
{
    /// <summary>com.microsoft: packed projections of one input, [inputs, queries + keys + values].</summary>
    public static void PackedAttention(NodeChannels node)
    {
        var heads = (int)node.Node.Attributes.GetInt("num_heads", 0);
        if (heads < 2 || node.In(1)?.Shape is not { Rank: 2 } weight || weight[1].Value is not { } width || width % (3 * heads) != 0
            || node.Node.Attributes.Has("qkv_hidden_sizes") || node.In(4) is not null || node.Out(1) is not null)
            return;
        node.Join(node.In(0), 2, node.In(1), 0);
        node.Join(node.In(1), 1, node.In(2), 0);
        var size = (int)(width / 3 / heads);
        JoinHeads(node, heads,
        [
            .. Enumerable.Range(0, 3).Select(part => new Heads(node.In(1), 1, size, part * heads * size)),
            new Heads(node.Out(), 2, size), new Heads(node.In(5), 1, 1),
        ]);
    }

    /// <summary>com.microsoft: queries, keys and values [batch, rows, heads · size].</summary>
    public static void MultiHead(NodeChannels node)
    {
        var heads = (int)node.Node.Attributes.GetInt("num_heads", 0);
        if (heads < 2 || Size(node, 0, heads) is not { } size || Size(node, 1, heads) is null || Size(node, 2, heads) is not { } valueSize
            || node.In(4) is not null)
            return;
        JoinHeads(node, heads,
        [
            new(node.In(0), 2, size), new(node.In(1), 2, size), new(node.In(2), 2, valueSize), new(node.Out(), 2, valueSize),
            new(node.In(3), 0, size), new(node.In(3), 0, size, heads * size), new(node.In(3), 0, valueSize, 2 * heads * size),
            new(node.In(5), 1, 1), new(node.In(6), 1, 1), new(node.In(7), 1, 1), new(node.Out(1), 1, 1), new(node.Out(2), 1, 1),
            new(node.Out(3), 1, 1),
        ]);
    }

    /// <summary>com.microsoft: queries [batch, rows, heads · size], keys and values [batch, rows, fewer heads · size].</summary>
    public static void GroupQuery(NodeChannels node)
    {
        var (heads, shared) = ((int)node.Node.Attributes.GetInt("num_heads", 0), (int)node.Node.Attributes.GetInt("kv_num_heads", 0));
        if (shared < 1 || heads < 2 || heads % shared != 0
            || Size(node, 0, heads) is not { } size || Size(node, 1, shared) != size || Size(node, 2, shared) != size)
            return;
        if (shared == 1)
        {
            JoinQueries(node, heads, axis: 2,
                [new(node.In(0), 2, size), new(node.Out(), 2, size), new(node.In(10), 1, 1), new(node.In(11), 0, 1), new(node.Out(3), 1, 1)]);
            return;
        }
        var repeats = heads / shared;
        var queries = repeats * size;
        JoinHeads(node, shared,
        [
            new(node.In(0), 2, queries), new(node.In(1), 2, size), new(node.In(2), 2, size), new(node.Out(), 2, queries),
            new(node.In(3), 1, 1), new(node.In(4), 1, 1), new(node.Out(1), 1, 1), new(node.Out(2), 1, 1),
            new(node.In(10), 1, repeats), new(node.In(11), 0, repeats), new(node.Out(3), 1, repeats),
        ]);
    }

    /// <summary>Queries, keys and values [batch, heads, rows, size] or [batch, rows, heads · size].</summary>
    public static void Attention(NodeChannels node)
    {
        if (node.In(0) is not { Rank: { } rank } queries || node.In(1)?.Rank != rank || node.In(2)?.Rank != rank)
            return;
        var isPacked = rank == 3;
        var heads = isPacked ? (int)node.Node.Attributes.GetInt("q_num_heads", 0) : (int?)queries.Shape![1].Value ?? 0;
        var shared = isPacked ? (int)node.Node.Attributes.GetInt("kv_num_heads", 0) : (int?)node.In(1)!.Value.Shape![1].Value ?? 0;
        if (shared < 1 || heads < 2 || heads % shared != 0)
            return;
        var repeats = heads / shared;
        var (axis, size, valueSize) = isPacked ? (2, Size(node, 0, heads), Size(node, 2, shared)) : (1, 1, 1);
        if (size is null || valueSize is null)
            return;
        if (shared == 1)
        {
            JoinQueries(node, heads, axis,
                [new(queries, axis, size.Value), new(node.Out(), axis, valueSize.Value), new(node.Out(3), 1, 1), .. Mask(node, 1)]);
            return;
        }
        JoinHeads(node, shared,
        [
            new(queries, axis, repeats * size.Value), new(node.In(1), axis, size.Value), new(node.In(2), axis, valueSize.Value),
            new(node.Out(), axis, repeats * valueSize.Value), new(node.In(4), 1, 1), new(node.In(5), 1, 1), new(node.Out(1), 1, 1), new(node.Out(2), 1, 1),
            new(node.Out(3), 1, repeats),
        ]);
        if (Mask(node, repeats) is [var mask])
            JoinHeads(node, shared, [new(queries, axis, repeats * size.Value), mask]);
    }

    /// <summary>A mask for each head has that axis third from the end.</summary>
    private static Heads[] Mask(NodeChannels node, int repeats) => node.In(3) is { Rank: >= 3 } mask ? [new(mask, -3, repeats)] : [];

    /// <summary>All queries share keys and values, which stay.</summary>
    private static void JoinQueries(NodeChannels node, int heads, int axis, IEnumerable<Heads> places)
    {
        JoinHeads(node, heads, places);
        node.Hold(node.In(1), axis, "all queries share it in");
        node.Hold(node.In(2), axis, "all queries share it in");
    }

    /// <summary>Channels of a head are turned in pairs: [batch, heads, rows, size] or [batch, rows, heads · size].</summary>
    public static void Rotary(NodeChannels node)
    {
        if (node.In(0) is { Rank: 4 })
            JoinHeads(node, node.In(0)!.Value.Shape![1].Value is { } heads ? (int)heads : 0, [new(node.In(0), 1, 1), new(node.Out(), 1, 1)]);
        else if (node.In(0) is { Rank: 3 } && node.Node.Attributes.GetInt("num_heads", 0) is var count and > 1 && Size(node, 0, (int)count) is { } size)
            JoinHeads(node, (int)count, [new(node.In(0), 2, size), new(node.Out(), 2, size)]);
    }

    private static int? Size(NodeChannels node, int slot, int heads) =>
        node.In(slot)?.Shape is { Rank: 3 } shape && shape[2].Value is { } width && width % heads == 0 ? (int)(width / heads) : null;

    private static void JoinHeads(NodeChannels node, int heads, IEnumerable<Heads> places)
    {
        // An axis of length 1 is shared by all heads.
        var ranges = places.Where(place => place.Operand is { } operand && !NodeChannels.IsOne(operand, place.Axis))
            .Select(place => (Place: place, Range: node.Range(place.Operand, place.Axis))).ToList();
        if (ranges.Exists(pair => pair.Range is null || pair.Place.Start + heads * pair.Place.Size > pair.Range.Count))
        {
            ranges.ForEach(pair => node.Hold(pair.Place.Operand, pair.Place.Axis, "lengths are unknown, or others, at"));
            return;
        }
        foreach (var (place, range) in ranges)
        {
            node.MarkHeads(range!);
            for (var channel = 0; channel < heads * place.Size; channel++)
                node.Unite(ranges[0].Range!, ranges[0].Place.Start + channel / place.Size * ranges[0].Place.Size, range!, place.Start + channel);
        }
    }

    /// <summary>Where heads stand in a tensor.</summary>
    /// <param name="Operand">The tensor, if there is one.</param>
    /// <param name="Axis">The axis of heads, or of their channels.</param>
    /// <param name="Size">How many channels each has there.</param>
    /// <param name="Start">Where the first begins.</param>
    private readonly record struct Heads(Operand? Operand, int Axis, int Size, int Start = 0);
}
