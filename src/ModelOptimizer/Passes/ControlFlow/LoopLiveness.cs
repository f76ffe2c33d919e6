using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Finds the slots of a Loop or Scan that its used outputs or its condition depend on, over any number of steps.</summary>
internal sealed class LoopLiveness
{
    private readonly LoopSlots _slots;
    private readonly HashSet<int> _needed = [];
    private readonly HashSet<Value> _seen = [];
    private readonly Stack<Value> _pending = [];

    private LoopLiveness(LoopSlots slots) => _slots = slots;

    public static IReadOnlySet<int> NeededSlots(LoopSlots slots)
    {
        var liveness = new LoopLiveness(slots);
        if (slots.Condition is { } condition)
            liveness._pending.Push(condition);
        for (var slot = 0; slot < slots.Count; slot++)
            if (slots.IsUsed(slot))
                liveness.Need(slot);
        while (liveness._pending.TryPop(out var value))
            liveness.Visit(value);
        return liveness._needed;
    }

    private void Need(int slot)
    {
        if (_needed.Add(slot))
            _pending.Push(_slots.Result(slot));
    }

    private void Visit(Value value)
    {
        if (value.Graph != _slots.Body || !_seen.Add(value))
            return;
        if (value.IsGraphInput && _slots.SlotOf(value) is { } slot)
            Need(slot);
        if (value.Producer is not { } producer)
            return;
        foreach (var input in GraphWalker.Reads(producer))
            _pending.Push(input);
    }
}
