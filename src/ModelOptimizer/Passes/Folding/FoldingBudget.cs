using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>Whether a folded result is worth its bytes: it may exceed the constants that disappear with it by so much only.</summary>
internal sealed class FoldingBudget(IReadOnlySet<Node> members, EvaluationResults results, ByteSize maxGrowth)
{
    private readonly Dictionary<Node, long> _freed = [];

    /// <summary>Why the values that <paramref name="node"/> makes can't be stored; null when they can.</summary>
    public string? Refusal(Node node, IReadOnlyList<Value> read)
    {
        if (results.FailureOf(node) is { } failure)
            return $"the runtime can't evaluate it: {failure}";
        if (read.Any(value => results[value] is null))
            return "its result is no numeric tensor";
        var growth = read.Sum(value => results[value]!.ByteCount) - FreedBy(node);
        return growth <= maxGrowth.Bytes ? null : $"its result would add {new ByteSize(growth)} to the model, more than max-growth ({maxGrowth})";
    }

    /// <summary>Bytes of the constants that nothing but this node needs, by way of nodes that nothing else needs.</summary>
    private long FreedBy(Node node)
    {
        if (_freed.TryGetValue(node, out var known))
            return known;
        var inputs = node.Inputs.OfType<Value>().Distinct().Where(input => input.Uses.All(use => use.User == node));
        return _freed[node] = inputs.Sum(input => input.Constant?.ByteCount ?? (members.Contains(input.Producer!) ? FreedBy(input.Producer!) : 0));
    }
}
