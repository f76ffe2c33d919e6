using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What is known about a condition at one place of the model.</summary>
internal static class KnownCondition
{
    /// <summary>
    /// Its value whenever the graph runs: a constant's, or, inside a branch of an If over the same condition, what led into that branch.
    /// Null when it can be either.
    /// </summary>
    public static bool? In(Graph graph, Value condition)
    {
        var (root, isNegated) = Unfold(condition);
        if (root.Constant is { ElementCount: 1 } constant)
            return constant.AsSpan<bool>()[0] != isNegated;
        for (; graph.Owner is { Graph: { } outer } owner; graph = outer)
            if (owner.Is("If") && Unfold(owner.Input(0)!) is var (decided, isInverse) && decided == root)
                return IsThen(owner, graph) != (isNegated != isInverse);
        return null;
    }

    private static bool IsThen(Node node, Graph branch) => node.Bodies.Single(body => body.Graph == branch).Attribute == "then_branch";

    /// <summary>The value behind any number of Not and Identity nodes, and whether these turn it round.</summary>
    private static (Value Root, bool IsNegated) Unfold(Value condition)
    {
        var isNegated = false;
        while (condition.Producer is { } node && node.Is("Not", "Identity"))
        {
            isNegated ^= node.Is("Not");
            condition = node.Input(0)!;
        }
        return (condition, isNegated);
    }
}
