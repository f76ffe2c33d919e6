using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>Reductions over the last axes that keep them as axes of length one: what normalizations are made of.</summary>
internal static class Reduction
{
    /// <summary>A reduction of the given operator; which axes it goes over is told later.</summary>
    public static Pattern Of(string opType, Pattern operand) => new OperatorPattern(opType, [operand])
    {
        AllowsMoreInputs = true, // axes, in new opsets
        Accepts = node => node.Attributes.GetInt("keepdims", 1) == 1 && node.Attributes.GetInt("noop_with_empty_axes", 0) == 0,
    };

    public static Pattern Mean(Pattern operand) => Of("ReduceMean", operand);

    /// <summary>
    /// The first of the axes that every reduction in the match goes over, all of them up to the last one; null when they don't.
    /// </summary>
    /// <returns>Counted from the end: -1 is the last axis.</returns>
    public static int? FirstAxis(Match match, string opType, int? rank)
    {
        var axes = match.Nodes.Where(node => node.Is(opType)).Select(node => FirstAxis(node, rank)).Distinct().ToList();
        return axes is [var only] ? only : null;
    }

    private static int? FirstAxis(Node node, int? rank)
    {
        var axes = Operands.Int64s(node, "axes", 1, isInput: node.Input(1) is not null);
        if (axes is null or [] || (rank is null && axes.Any(axis => axis >= 0)))
            return null;
        var fromEnd = axes.Select(axis => (int)(axis < 0 ? axis : axis - rank!.Value)).Order().ToArray();
        return fromEnd.SequenceEqual(Enumerable.Range(-fromEnd.Length, fromEnd.Length)) ? fromEnd[0] : null;
    }
}
