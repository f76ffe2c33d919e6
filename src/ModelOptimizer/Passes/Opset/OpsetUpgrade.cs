using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Takes one model from version to version of the standard operators, and collects the nodes that stand in the way.</summary>
internal sealed class OpsetUpgrade(OnnxModel model, long target)
{
    private readonly Dictionary<Node, Refusal> _obstacles = [];

    /// <summary>The operators that the model defines itself under the standard domain: they are none of ours.</summary>
    private readonly HashSet<string> _ownOperators =
        [.. model.Functions.Where(function => function.Domain is "" or "ai.onnx").Select(function => function.Name)];

    /// <summary>Every node that can't be converted, and why, in the order found.</summary>
    public IReadOnlyList<Refusal> Obstacles => [.. _obstacles.Values];

    /// <param name="announce">Told each version before it is taken; false stops there.</param>
    public void Run(Func<string, bool> announce)
    {
        foreach (var root in Roots())
            ReviewNodes(root, model.OpsetOf(root));
        for (var version = model.OldestOpset + 1; version <= target; version++)
            if (!TryRaise(version, announce))
                return;
    }

    private IEnumerable<Graph> Roots() => model.Functions.Select(function => function.Body).Prepend(model.Graph);

    private IEnumerable<Node> StandardNodes(Graph root) =>
        GraphWalker.Nodes(root).Where(node => node.Domain.Length == 0 && !_ownOperators.Contains(node.OpType));

    /// <summary>A node that the model's own version does not have can't be converted: nobody knows what it means.</summary>
    private void ReviewNodes(Graph root, long opset)
    {
        foreach (var node in StandardNodes(root).Where(node => !OperatorHistory.IsRuntimesOwn(node.OpType)))
            if (OperatorHistory.Of(node.OpType) is not { } history)
                Refuse(node, "no version of the standard that is known here has this operator");
            else if (history.Since > opset)
                Refuse(node, $"the operator came with opset {history.Since}, and the model is of {opset}");
            else if (history.Retired <= opset)
                Refuse(node, $"the operator left the standard with opset {history.Retired}, and the model is of {opset}");
    }

    private bool TryRaise(long version, Func<string, bool> announce)
    {
        var step = new OpsetStep(version, target);
        var conversions = Roots().Where(root => model.OpsetOf(root) == version - 1).SelectMany(StandardNodes)
            .Where(node => !_obstacles.ContainsKey(node) && OpsetAdapters.Find(node.OpType, version) is not null)
            .ToList();
        if (!announce(Words(version, conversions)))
            return false;
        foreach (var node in conversions)
            if (Convert(node, step) is { Refusal: { } why })
                Refuse(node, why);
        model.RaiseOpset(version);
        return true;
    }

    /// <summary>An attribute that a function's caller gives can't become an input, nor be looked at.</summary>
    private static Outcome Convert(Node node, OpsetStep step) => node.Attributes.HasReferences
        ? Outcome.Refused("an attribute comes from the function's caller")
        : OpsetAdapters.Find(node.OpType, step.Version)!(node, step);

    private void Refuse(Node node, string why) => _obstacles.TryAdd(node, new Refusal("", node.ToString(), why));

    private static string Words(long version, List<Node> conversions)
    {
        var counts = conversions.CountBy(node => node.OpType).OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}");
        return $"opset {version - 1} to {version}{(conversions.Count == 0 ? "" : $", converting {string.Join(", ", counts)}")}";
    }
}
