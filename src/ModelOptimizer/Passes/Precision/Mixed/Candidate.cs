using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>Nodes and weights that a pass quantizes together or not at all: it can't take a shared weight for some of its readers only.</summary>
/// <param name="Name">The first weight's or node's name, or what stands for it.</param>
/// <param name="Items">The nodes and weights by which the pass is kept away.</param>
/// <param name="Nodes">The nodes that compute with it, in words.</param>
internal sealed record Candidate(string Name, IReadOnlyList<object> Items, IReadOnlyList<string> Nodes)
{
    /// <summary>Finds what a pass takes of a model, by letting it take everything on a copy.</summary>
    /// <param name="source">The model before the pass.</param>
    /// <param name="copy">Its copy, after the pass.</param>
    /// <param name="asked">What the pass asked for on the copy.</param>
    /// <param name="touched">What it acted on there.</param>
    /// <returns>In order of the model's nodes.</returns>
    public static IReadOnlyList<Candidate> Find(OnnxModel source, ModelCopy copy, SelectionRecorder asked, IReadOnlySet<object> touched)
    {
        var pairs = asked.Asked.Select(pair => new Ask(copy.SourceOf(pair.Node), Weight(pair.Weight, copy),
            touched.Contains(pair.Node) || pair.Weight is not null && touched.Contains(pair.Weight))).Where(ask => ask.Node is not null).ToList();
        var groups = new DisjointSets<object>();
        // A node that is asked for without a weight is a unit itself; else its weights are, each with all of its readers.
        var units = pairs.Where(ask => ask.Weight is null).Select(ask => ask.Node!).ToHashSet();
        foreach (var ask in pairs)
            groups.Join(ask.Weight ?? (object)ask.Node!, units.Contains(ask.Node!) ? ask.Node! : ask.Weight!);
        var order = GraphWalker.Nodes(source).Select((node, i) => (node, i)).ToDictionary(pair => pair.node, pair => pair.i);
        return [.. pairs.GroupBy(ask => groups.Find(ask.Weight ?? (object)ask.Node!), ReferenceEqualityComparer.Instance)
            .Where(group => group.Any(ask => ask.IsTaken))
            .OrderBy(group => group.Min(ask => order[ask.Node!]))
            .Select(group => Of([.. group.OrderBy(ask => order[ask.Node!])], order))];
    }

    /// <summary>The second operand of a product need not be a weight: then the node stands for itself.</summary>
    private static Value? Weight(Value? asked, ModelCopy copy) =>
        asked is not null && copy.SourceOf(asked) is { } source && (source.Initializer ?? source.Constant) is not null ? source : null;

    private static Candidate Of(IReadOnlyList<Ask> group, Dictionary<Node, int> order)
    {
        var (nodes, weights) = (group.Select(ask => ask.Node!).Distinct().ToList(), group.Select(ask => ask.Weight).OfType<Value>().Distinct().ToList());
        object[] items = [.. group.Where(ask => ask.Weight is null).Select(ask => ask.Node!).Distinct(), .. weights];
        var name = weights.Select(weight => weight.Name).Concat(nodes.Select(node => node.Name)).FirstOrDefault(name => name.Length > 0);
        return new Candidate(name ?? $"{nodes[0].OpType} number {order[nodes[0]]}", items, [.. nodes.Select(node => node.ToString())]);
    }

    private readonly record struct Ask(Node? Node, Value? Weight, bool IsTaken);
}
