using System.Collections;

namespace ModelOptimizer.Onnx;

/// <summary>
/// The nodes of a graph in execution order, as a linked list that may be edited while it is walked: removed nodes are
/// passed over, nodes inserted behind the current one are met, those before it are not.
/// </summary>
public sealed class NodeList : IEnumerable<Node>
{
    private readonly Graph _graph;

    internal NodeList(Graph graph) => _graph = graph;

    public int Count { get; private set; }

    public Node? First { get; private set; }

    public Node? Last { get; private set; }

    /// <summary>The order of a file that was not sorted, for as long as no node comes or goes: such a model is written as it was.</summary>
    internal IReadOnlyList<Node>? AsRead { get; set; }

    public IEnumerator<Node> GetEnumerator()
    {
        for (var node = First; node is not null; node = NextAlive(node))
            yield return node;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The nodes from last to first, which may be edited likewise: nodes inserted before the current one are met.</summary>
    public IEnumerable<Node> Backwards()
    {
        for (var node = Last; node is not null; node = PreviousAlive(node))
            yield return node;
    }

    /// <summary>Puts a node before another, or last when <paramref name="before"/> is null.</summary>
    internal void Link(Node node, Node? before)
    {
        var previous = before is null ? Last : before.Previous;
        node.Graph = _graph;
        node.Previous = previous;
        node.Next = before;
        if (previous is null)
            First = node;
        else
            previous.Next = node;
        if (before is null)
            Last = node;
        else
            before.Previous = node;
        Count++;
        AsRead = null;
        _graph.Touch();
    }

    /// <summary>Takes a node out; it keeps its own Next and Previous so that a walk standing on it finds its way back.</summary>
    internal void Unlink(Node node)
    {
        if (node.Previous is null)
            First = node.Next;
        else
            node.Previous.Next = node.Next;
        if (node.Next is null)
            Last = node.Previous;
        else
            node.Next.Previous = node.Previous;
        node.Graph = null;
        Count--;
        AsRead = null;
        _graph.Touch();
    }

    private static Node? NextAlive(Node node)
    {
        var next = node.Next;
        while (next is { Graph: null })
            next = next.Next;
        return next;
    }

    private static Node? PreviousAlive(Node node)
    {
        var previous = node.Previous;
        while (previous is { Graph: null })
            previous = previous.Previous;
        return previous;
    }
}
