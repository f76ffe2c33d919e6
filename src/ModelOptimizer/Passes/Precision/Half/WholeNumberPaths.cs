using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Keeps whole numbers whole: float16 holds them up to 2048 only. Lengths and positions that are computed in float32 on their way from integers to
/// integers stay there altogether, since what is rounded down afterwards must not be a little less before.
/// </summary>
internal static class WholeNumberPaths
{
    private const double LargestWhole = 2048;

    public static void Keep(HalfGraph graph, IReadOnlyDictionary<Value, HalfObserver> seen)
    {
        var reads = graph.Edges.SelectMany(edge => edge.Readers.Select(reader => (reader.Vertex, edge))).ToLookup(pair => pair.Vertex, pair => pair.edge);
        var makes = graph.Edges.Where(edge => edge.Maker is not null).ToLookup(edge => edge.Maker!);
        foreach (var edge in graph.Edges.Where(edge => edge.Readers.Any(reader => IsToInteger(reader.Vertex))))
            edge.Keep("it is rounded to a whole number");
        foreach (var vertex in graph.Vertices.Where(vertex => IsFromInteger(vertex) && makes[vertex].Any(edge => !IsSmall(edge, seen))))
            vertex.Keep("it is a whole number, which float16 holds up to 2048 only");
        var forward = Reach(graph.Vertices.Where(IsFromInteger), vertex => makes[vertex].SelectMany(edge => edge.Readers).Select(reader => reader.Vertex));
        var backward = Reach(graph.Vertices.Where(IsToInteger), vertex => reads[vertex].Select(edge => edge.Maker).OfType<HalfVertex>());
        foreach (var vertex in graph.Vertices.Where(vertex => forward.Contains(vertex) && backward.Contains(vertex)))
            vertex.Keep("it computes whole numbers from whole numbers");
    }

    private static bool IsSmall(HalfEdge edge, IReadOnlyDictionary<Value, HalfObserver> seen) => seen.GetValueOrDefault(edge.Value)?.Peak <= LargestWhole;

    /// <summary>Bytes are small enough in any case.</summary>
    private static bool IsFromInteger(HalfVertex vertex) =>
        vertex.Node is { } node && node.Is("Cast") && node.Input(0)?.Type?.ElementType is DataType.Int16 or DataType.UInt16 or DataType.Int32 or DataType.UInt32 or DataType.Int64 or DataType.UInt64;

    private static bool IsToInteger(HalfVertex vertex) => vertex.Node is { } node && node.Is("Cast")
        && node.Attributes.TryGetInt("to") is { } to && !((DataType)to).IsFloatingPoint() && (DataType)to is not (DataType.Bool or DataType.String);

    /// <summary>What can be reached without passing through a product: behind one, numbers are not whole any more.</summary>
    private static HashSet<HalfVertex> Reach(IEnumerable<HalfVertex> starts, Func<HalfVertex, IEnumerable<HalfVertex>> next)
    {
        var reached = starts.ToHashSet();
        var pending = new Stack<HalfVertex>(reached);
        while (pending.TryPop(out var vertex))
            foreach (var neighbour in next(vertex).Where(neighbour => neighbour.Operator?.Use == HalfUse.Plain && reached.Add(neighbour)))
                pending.Push(neighbour);
        return reached;
    }
}
