using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Puts the heads that an attention reads side by side: for nothing, or, where one product made them all, by one Split.</summary>
internal sealed class JoinedHeads
{
    private readonly Dictionary<Value, PackedHeads> _packed = [];
    private readonly Dictionary<Node, Node> _splits = [];

    /// <param name="apart">Queries, keys and values, <c>[batch, heads, length, size]</c> each.</param>
    public JoinedHeads(params IEnumerable<Value> apart)
    {
        foreach (var heads in apart.Where(heads => !HeadLayout.IsJoinable(heads)))
        {
            if (PackedHeads.Of(heads) is { } packed)
                _packed[heads] = packed;
            else
                Misfit = "its heads are not split from rows, and for heads apart the operator gains nothing";
        }
        Misfit ??= PackedHeads.Misfit([.. _packed.Values]);
    }

    /// <summary>Why they can't be put side by side at a gain; null when they can.</summary>
    public string? Misfit { get; }

    /// <summary>Some of the heads side by side.</summary>
    public Value Join(Value apart, Node before)
    {
        if (!_packed.TryGetValue(apart, out var packed))
            return HeadLayout.Join(apart, before);
        if (!_splits.TryGetValue(packed.Transposition, out var split))
            _splits[packed.Transposition] = split = packed.Split(before);
        return split.Output((int)packed.Part);
    }
}
