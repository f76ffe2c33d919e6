using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Whether two bodies do the same: the same operators in the same order over counterparts, which are values at the same place, constants
/// with the same content, or one value of a graph around both.
/// </summary>
internal sealed class BodyComparison
{
    private readonly Dictionary<Value, Value> _counterparts = [];

    public static bool AreEqual(Graph first, Graph second) => new BodyComparison().Match(first, second);

    private bool Match(Graph first, Graph second)
    {
        if (first.Inputs.Count != second.Inputs.Count || first.Outputs.Count != second.Outputs.Count)
            return false;
        Pair(first.Inputs, second.Inputs);
        var (nodes, others) = (Workers(first), Workers(second));
        return nodes.Count == others.Count
            && nodes.Zip(others).All(pair => Match(pair.First, pair.Second))
            && first.Outputs.Zip(second.Outputs).All(pair => AreCounterparts(pair.First.Value, pair.Second.Value));
    }

    private bool Match(Node first, Node second)
    {
        var isSame = first.OpType == second.OpType && first.Domain == second.Domain && first.Overload == second.Overload
            && first.Attributes.ContentEquals(second.Attributes)
            && first.Inputs.Count == second.Inputs.Count
            && first.Inputs.Zip(second.Inputs).All(pair => AreCounterparts(pair.First, pair.Second))
            && first.Outputs.Select(output => output is null).SequenceEqual(second.Outputs.Select(output => output is null))
            && first.Bodies.Count == second.Bodies.Count
            && first.Bodies.Zip(second.Bodies).All(pair => pair.First.Attribute == pair.Second.Attribute && Match(pair.First.Graph, pair.Second.Graph));
        if (isSame)
            Pair(first.Outputs, second.Outputs);
        return isSame;
    }

    /// <summary>Constants are compared by content where they are read, in whatever form they are held.</summary>
    private static IReadOnlyList<Node> Workers(Graph graph) => [.. graph.Nodes.Where(node => node.ConstantOutput is null)];

    private bool AreCounterparts(Value? first, Value? second)
    {
        if (first is null || second is null || first == second)
            return first == second;
        if (first.Constant is { } constant)
            return second.Constant is { } other && new TensorContent(constant).Equals(new TensorContent(other));
        return _counterparts.GetValueOrDefault(first) == second;
    }

    private void Pair(IEnumerable<Value?> first, IEnumerable<Value?> second)
    {
        foreach (var (value, counterpart) in first.Zip(second))
            if (value is not null)
                _counterparts[value] = counterpart!;
    }
}
