using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Diagnosis;

/// <summary>
/// Whom a profile can leave out so that a value keeps its precision. What only moves elements computes nothing that could be kept float: behind it
/// stand the nodes that make them, or, where these lose nothing, those that read them.
/// </summary>
internal static class Excludable
{
    /// <param name="node">That makes the value.</param>
    /// <param name="value">Of the original.</param>
    /// <param name="known">The original's values that were compared themselves.</param>
    /// <returns>Empty when elements are only moved, from the model's input to its output.</returns>
    public static IReadOnlyList<Node> For(Node node, Value value, IReadOnlySet<Value> known)
    {
        if (!HandsOn(node))
            return [node];
        List<Node> makers = [.. Reach(value, next => Sources(next).Where(source => !known.Contains(source)))
            .Select(made => made.Producer).OfType<Node>().Where(maker => !HandsOn(maker)).Distinct()];
        return makers.Count > 0 ? makers : [.. Reach(value, next => next.Uses.SelectMany(Places))
            .SelectMany(moved => moved.Uses).Where(use => !use.User.IsReturn && !HandsOn(use.User)).Select(use => use.User).Distinct()];
    }

    private static bool HandsOn(Node node) => DataMovement.OnlyMoves(node) || node.Bodies.Count > 0;

    private static IEnumerable<Value> Sources(Value value) => value.Producer is not { } producer ? []
        : producer.Bodies.Count > 0 ? Flow.Before(value).Except(producer.Inputs.OfType<Value>())
        : DataMovement.OnlyMoves(producer) ? DataMovement.Moved(producer).Where(moved => moved.Constant is null) : [];

    private static IEnumerable<Value> Places(Use use) =>
        use.User.IsReturn || use.User.Bodies.Count > 0 || DataMovement.Moves(use.User, use.Index) ? Flow.Behind(use) : [];

    private static HashSet<Value> Reach(Value from, Func<Value, IEnumerable<Value>> next)
    {
        var (open, seen) = (new Queue<Value>([from]), new HashSet<Value> { from });
        while (open.TryDequeue(out var value))
            foreach (var other in next(value).Where(seen.Add))
                open.Enqueue(other);
        return seen;
    }
}
