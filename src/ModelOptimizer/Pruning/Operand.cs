using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>
/// One tensor as a node meets it. A constant is another one in each slot that reads it: equal ones are stored once, and yet each reader may keep
/// other channels of it.
/// </summary>
/// <param name="Value">The tensor.</param>
/// <param name="Reader">Who reads the constant; null for what a run computes.</param>
/// <param name="Slot">Its place among the reader's inputs.</param>
internal readonly record struct Operand(Value Value, Node? Reader = null, int Slot = 0)
{
    public bool IsConstant => Reader is not null;

    public Shape? Shape => Value.Constant is { } constant ? Shape.Of(constant.Dimensions) : Value.Type?.Shape;

    public int? Rank => Shape?.Rank;

    /// <summary>Null when left out.</summary>
    public static Operand? Input(Node node, int slot) => node.Input(slot) switch
    {
        null => null,
        { Constant: null } value => new Operand(value),
        var constant => new Operand(constant, node, slot),
    };

    /// <summary>Null when left out.</summary>
    public static Operand? Output(Node node, int index) => index < node.Outputs.Count && node.Outputs[index] is { } value ? new Operand(value) : null;

    /// <summary>All that a node reads and makes.</summary>
    public static IEnumerable<Operand> Of(Node node)
    {
        for (var slot = 0; slot < node.Inputs.Count; slot++)
            if (Input(node, slot) is { } input)
                yield return input;
        for (var index = 0; index < node.Outputs.Count; index++)
            if (Output(node, index) is { } output)
                yield return output;
    }
}
