using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// A layer normalization that is spelled out: (x − mean) / √variance · gain + bias. ONNX Runtime makes one node of it, and looks through Casts for
/// that: it takes x as it is before one that nothing else reads, and the gain as it is behind one. From opset 17 on it can't load the node unless both
/// are of one type.
/// </summary>
/// <param name="X">The value x.</param>
/// <param name="Within">What reads x in it: the mean and the differences from it.</param>
/// <param name="Product">The Mul with the gain.</param>
/// <param name="Index">Which input of that the gain is.</param>
internal sealed record HalfNormalization(HalfEdge X, IReadOnlyList<HalfVertex> Within, HalfVertex Product, int Index)
{
    /// <summary>The opset from which on LayerNormalization is ONNX's own, with one type for all that it reads.</summary>
    private const long Since = 17;

    private const int GainRank = 1;

    /// <summary>True where the runtime could not load what it makes of it, as things are decided.</summary>
    public bool IsMixed(IReadOnlyDictionary<Value, HalfEdge> edges)
    {
        var made = X.Maker!.IsHalf || HalfPlan.IsHalfAlready(X.Value);
        var within = Within[0].IsHalf;
        var strangers = X.Readers.Where(reader => reader.Vertex.IsHalf != made).ToList();
        var taken = within != made && strangers.TrueForAll(reader => Within.Contains(reader.Vertex)) ? made : within;
        var gain = Product.IsHalf;
        // Behind a Cast, neither the mean nor the sum with the bias is found.
        return taken != gain && Within.All(vertex => vertex.IsHalf == within)
            && edges[Product.Node!.Output()].Readers.All(reader => reader.Vertex.IsHalf == gain);
    }

    /// <summary>Gives the gain an axis more, which changes no number, and which the runtime's fusion does not take.</summary>
    public void Part(OnnxModel model)
    {
        var node = Product.Node!;
        var axes = model.AddConstant(node.Graph!, "axes", Tensor.Create([1], 0L));
        node.SetInput(Index, node.Graph!.Insert(node, "Unsqueeze", [node.Input(Index), axes]).Output());
    }

    /// <summary>Those of a model that may be at stake.</summary>
    public static IReadOnlyList<HalfNormalization> Find(HalfGraph graph)
    {
        var edges = graph.Edges.ToDictionary(edge => edge.Value);
        return [.. graph.Vertices.Select(vertex => Of(vertex, graph.Model, edges)).OfType<HalfNormalization>()];
    }

    private static HalfNormalization? Of(HalfVertex product, OnnxModel model, Dictionary<Value, HalfEdge> edges)
    {
        if (product.Node is not { } node || !node.Is("Mul") || model.OpsetOf(node.Graph!) < Since || !edges.ContainsKey(node.Output()))
            return null;
        for (var index = 0; index < node.Inputs.Count; index++)
            if (node.Input(index)?.Type?.Shape?.Rank == GainRank && node.Input(1 - index) is { Type.Shape.Rank: > GainRank } normalized
                && Centred(normalized) is { } x && edges.TryGetValue(x, out var edge) && edge.Maker is not null)
                return new(edge, [.. edge.Readers.Select(reader => reader.Vertex).Where(reader => IsWithin(reader, x))], product, index);
        return null;
    }

    /// <summary>What x is in (x − mean) / √variance; null for anything else.</summary>
    private static Value? Centred(Value normalized) =>
        normalized.Producer is { } quotient && quotient.Is("Div") && quotient.Input(1)?.Producer?.Is("Sqrt") == true
        && quotient.Input(0)?.Producer is { } difference && difference.Is("Sub") && IsMean(difference.Input(1), difference.Input(0))
            ? difference.Input(0)
            : null;

    private static bool IsMean(Value? value, Value? x) => value?.Producer is { } mean && mean.Is("ReduceMean") && mean.Input(0) == x;

    private static bool IsWithin(HalfVertex reader, Value x) =>
        reader.Node is { } node && (node.Is("ReduceMean") || (node.Is("Sub") && IsMean(node.Input(1), x)));
}
