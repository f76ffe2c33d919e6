using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Decides what is computed in float16. What must stay float32 does, products are float16, and everything between goes where fewest values have to
/// be cast: a minimum cut, and of several the one with most in float16.
/// </summary>
internal static class HalfPlan
{
    /// <summary>Decides for every vertex.</summary>
    /// <param name="kept">What has to stay float32 besides.</param>
    /// <returns>The regions in float16, each with all that it holds, in order.</returns>
    public static IReadOnlyList<IReadOnlyList<HalfVertex>> Make(HalfGraph graph, IReadOnlySet<HalfVertex>? kept = null)
    {
        bool Stays(HalfVertex vertex) => vertex.Danger is not null || kept?.Contains(vertex) == true;
        var groups = graph.Edges.Where(edge => edge.Maker is not null && !IsHalfAlready(edge.Value))
            .Select(edge => edge.Ends.Select(end => end.Number).Distinct().ToArray()).Where(ends => ends.Length > 1).ToList();
        // Of plans with as many Casts, one that leaves the runtime its fusion.
        groups.AddRange(HalfNormalization.Find(graph).Where(each => !IsHalfAlready(each.X.Value))
            .Select(each => new[] { each.X.Maker!.Number, each.Product.Number }));
        var first = graph.Vertices.Where(Stays).Select(vertex => vertex.Number);
        var second = graph.Vertices.Where(vertex => !Stays(vertex) && vertex.IsWanted).Select(vertex => vertex.Number);
        var isFloat32 = MinimumCut.FirstSide(graph.Vertices.Count, groups, first, second);
        foreach (var vertex in graph.Vertices)
            vertex.IsHalf = !isFloat32[vertex.Number] && !(vertex.Node?.Outputs[0] is { } made && IsHalfAlready(made));
        return Regions(graph);
    }

    /// <summary>True for what an existing Cast makes of a float16 value, which is at hand.</summary>
    public static bool IsHalfAlready(Value value) => value.Producer is { } node && node.Is("Cast") && node.Input(0)?.Type?.ElementType == DataType.Float16;

    /// <summary>What hangs together. Where nothing in it wants to be float16, it is not worth telling of.</summary>
    private static List<List<HalfVertex>> Regions(HalfGraph graph)
    {
        var regions = new DisjointSets<HalfVertex>();
        foreach (var vertex in graph.Vertices.Where(vertex => vertex.IsHalf))
            regions.Add(vertex);
        foreach (var ends in graph.Edges.Where(edge => edge.Maker is not null).Select(edge => edge.Ends.Where(end => end.IsHalf).ToList()))
            foreach (var end in ends.Skip(1))
                regions.Join(ends[0], end);
        var halves = graph.Vertices.Where(vertex => vertex.IsHalf).GroupBy(regions.Find).Select(region => region.ToList()).ToList();
        foreach (var vertex in halves.Where(region => !region.Exists(vertex => vertex.IsWanted)).SelectMany(region => region))
            vertex.IsHalf = false;
        halves.RemoveAll(region => !region[0].IsHalf);
        return halves;
    }
}
