using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>What is computed from a value and added to it again: without it the value goes through.</summary>
/// <param name="Sum">The Add.</param>
/// <param name="Skip">The value that the block begins with and is added to.</param>
/// <param name="Nodes">What is computed for the sum alone, in no order.</param>
internal sealed record ResidualBlock(Node Sum, Value Skip, IReadOnlyCollection<Node> Nodes)
{
    /// <summary>Those of the main graph that have weights, in the order of their sums. Blocks may lie in one another.</summary>
    /// <param name="model">Types inferred.</param>
    public static IEnumerable<ResidualBlock> Find(OnnxModel model)
    {
        foreach (var sum in model.Graph.Nodes.Where(node => node.Is("Add")))
            for (var slot = 0; slot < 2; slot++)
                if (sum.Input(slot) is { } skip && sum.Input(1 - slot) is { } made && IsWhole(skip, sum.Output()) && DependsOn(made, skip)
                    && Exclusive(sum, made, skip) is var nodes && nodes.Any(HasWeight))
                {
                    yield return new(sum, skip, nodes);
                    break;
                }
    }

    /// <summary>Whether the value can stand for the sum: it is as large, and not spread over it.</summary>
    private static bool IsWhole(Value skip, Value sum) => skip.Constant is null && skip.Type is { Shape: { IsKnown: true } shape } type
        && sum.Type is { } made && made.ElementType == type.ElementType && shape.Equals(made.Shape);

    private static bool DependsOn(Value made, Value skip)
    {
        var (seen, left) = (new HashSet<Value>(), new Stack<Value>([made]));
        while (left.TryPop(out var value))
        {
            if (value == skip)
                return true;
            if (value.Producer is { } producer && seen.Add(value))
                foreach (var input in GraphWalker.Reads(producer))
                    left.Push(input);
        }
        return false;
    }

    /// <summary>Nodes whose every result is read by others of them, or by the sum.</summary>
    private static HashSet<Node> Exclusive(Node sum, Value made, Value skip)
    {
        var (nodes, left) = (new HashSet<Node>(), new Stack<Value>([made]));
        while (left.TryPop(out var value))
            if (value != skip && value.Producer is { ConstantOutput: null } producer && producer.Graph == sum.Graph && !nodes.Contains(producer)
                && producer.Outputs.OfType<Value>().SelectMany(output => output.Uses).All(use => use.User == sum || nodes.Contains(use.User)))
            {
                nodes.Add(producer);
                foreach (var input in GraphWalker.Reads(producer))
                    left.Push(input);
            }
        return nodes;
    }

    private static bool HasWeight(Node node) => OperatorCatalog.WeightInputs(node).ToArray().Any(slot => node.Input(slot)?.Constant is not null);
}
