using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>If: what both branches agree on. Branches run at most once for each run of the graph around them.</summary>
internal static class BranchRules
{
    public static void If(NodeTyping node, GraphSweep sweep)
    {
        foreach (var body in node.Node.Bodies)
            sweep.Sweep(body.Graph);
        for (var i = 0; i < node.OutputCount; i++)
        {
            if (node.Node.Bodies.Any(body => body.Graph.Outputs.Count <= i))
                return;
            var results = node.Node.Bodies.Select(body => body.Graph.Outputs[i].Value).ToList();
            var type = results.Select(result => result.Type).Aggregate(ShapeMath.Join);
            node.Set(i, type?.ElementType, type?.Shape);
            node.SetElements(Agreed([.. results.Select(result => sweep.Elements[result])]), i);
        }
    }

    private static IEnumerable<Dimension>? Agreed(IReadOnlyList<ImmutableArray<Dimension>?> branches)
    {
        if (branches[0] is not { } first || branches.Any(branch => branch?.Length != first.Length))
            return null;
        return first.Select((element, i) => branches.All(branch => branch!.Value[i] == element) ? element : Dimension.Unknown);
    }
}
