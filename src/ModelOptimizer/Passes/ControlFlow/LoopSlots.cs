using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The slots of a Loop or Scan and of its body, numbered by the node's outputs: first what is carried from step to step, then what is
/// collected over all steps.
/// <code>
/// Loop: node (trips, condition, carried…) -> (carried…, collected…)    body (iteration, condition, carried…) -> (condition, carried…, collected…)
/// Scan: node (carried…, scanned…) -> (carried…, collected…)            body (carried…, slices…) -> (carried…, slices…)
/// </code>
/// </summary>
internal sealed class LoopSlots
{
    private static readonly string[] PerCollected = ["scan_output_axes", "scan_output_directions"];

    private readonly int _firstInput;
    private readonly int _firstResult;

    private LoopSlots(Node node, int firstInput, int firstResult, int carried)
    {
        Node = node;
        _firstInput = firstInput;
        _firstResult = firstResult;
        Carried = carried;
    }

    public Node Node { get; }

    public Graph Body => Node.Bodies[0].Graph;

    /// <summary>How many slots are carried; those behind them are collected.</summary>
    public int Carried { get; private set; }

    public int Count => Node.Outputs.Count;

    /// <summary>Null for a form that is not understood: Scan before opset 9 has a batch axis.</summary>
    public static LoopSlots? Of(Node node, long opset)
    {
        if (node.Bodies is not [var body])
            return null;
        var inputs = body.Graph.Inputs.Count;
        var slots = node.Is("Loop") ? new LoopSlots(node, 2, 1, inputs - 2)
            : node.Is("Scan") && opset >= 9 && node.Attributes.TryGetInt("num_scan_inputs") is { } scanned ? new LoopSlots(node, 0, 0, inputs - (int)scanned)
            : null;
        return slots is not null && slots.IsWhole ? slots : null;
    }

    private bool IsWhole => Carried >= 0 && Carried <= Count && Body.Outputs.Count == Count + _firstResult
        && (Node.Inputs.Count == Body.Inputs.Count || Carried == 0) && Node.Inputs.Skip(_firstInput).All(input => input is not null) && Body.Inputs.All(input => input.Initializer is null);

    /// <summary>The value that a carried slot starts from.</summary>
    public Value Initial(int slot) => Node.Input(_firstInput + slot)!;

    /// <summary>What the body reads of a carried slot.</summary>
    public Value Formal(int slot) => Body.Inputs[_firstInput + slot];

    /// <summary>What the body makes of the slot at each step.</summary>
    public Value Result(int slot) => Body.Outputs[_firstResult + slot].Value;

    /// <summary>Whether a Loop goes on; null for a Scan, which knows its steps beforehand.</summary>
    public Value? Condition => _firstResult == 1 ? Body.Outputs[0].Value : null;

    public bool IsUsed(int slot) => Node.Outputs[slot]?.Uses.Count > 0;

    /// <summary>The carried slot that a body's input belongs to; null for other inputs.</summary>
    public int? SlotOf(Value formal)
    {
        for (var slot = 0; slot < Carried; slot++)
            if (Formal(slot) == formal)
                return slot;
        return null;
    }

    /// <summary>Stops handing out an unused slot. Of a carried one the body still reads what it starts from.</summary>
    public void RemoveOutput(int slot)
    {
        Node.RemoveOutput(slot);
        Body.RemoveOutput(_firstResult + slot);
        foreach (var name in slot < Carried ? [] : PerCollected)
            if (Node.Attributes.TryGetInts(name) is { } values)
                Node.Attributes.Set(name, values.RemoveAt(slot - Carried));
    }

    /// <summary>Stops carrying a slot whose output is gone and that the body no longer reads.</summary>
    public void RemoveInput(int slot)
    {
        Body.RemoveInput(Formal(slot));
        Node.RemoveInput(_firstInput + slot);
        Carried--;
    }
}
