using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Lengths of axes as the fusions of attention need them: compared, and as values for the graph to compute with.</summary>
internal static class Lengths
{
    /// <summary>Whether both axes are known, and equally long in every run.</summary>
    public static bool AreEqual(Dimension left, Dimension right) => left == right && left != Dimension.Unknown;

    /// <summary>
    /// Whether two axes that some elementwise operator brings together are equally long in every run that succeeds: equal, or one of them
    /// the other cut at two or more, see <see cref="CutLength.IsEqualIfItFits"/>.
    /// </summary>
    public static bool AreEqualIfTheyFit(Dimension left, Dimension right) =>
        AreEqual(left, right) || CutLength.IsEqualIfItFits(left, right) || CutLength.IsEqualIfItFits(right, left);

    /// <summary>A vector of one element that holds an axis's length: a constant, or taken from an input of the graph, which all layers share.</summary>
    public static Value Vector(Value source, int axis, Node before)
    {
        var (graph, length) = (before.Graph!, source.Type!.Shape![axis]);
        if (length.Value is { } number)
            return graph.AddConstant("length", Tensor.Create([1], number));
        foreach (var input in graph.Inputs)
            if (!string.IsNullOrEmpty(length.Symbol) && input.Type?.Shape?.Dimensions.IndexOf(length) is >= 0 and var place)
                return ShapeOf(input, place, before);
        return ShapeOf(source, axis, before);
    }

    private static Value ShapeOf(Value source, int axis, Node before)
    {
        var shape = before.Graph!.Insert(before, "Shape", [source]);
        shape.Attributes.Set("start", (long)axis);
        shape.Attributes.Set("end", axis + 1L);
        return shape.Output();
    }

    /// <summary>Expand, which leaves an axis as it is where the target says 1.</summary>
    public static Value Expand(Value value, Node before, params ReadOnlySpan<Value> target)
    {
        var graph = before.Graph!;
        var shape = graph.Insert(before, "Concat", [.. target]);
        shape.Attributes.Set("axis", 0L);
        return graph.Insert(before, "Expand", [value, shape.Output()]).Output();
    }

    public static Value One(Graph graph) => graph.AddConstant("one", Tensor.Create([1], 1L));
}
