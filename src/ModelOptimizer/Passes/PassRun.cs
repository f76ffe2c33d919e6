using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>One run of one pass, in numbers.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Group">The group that ran it; null for a pass that the profile names itself.</param>
/// <param name="Round">Which round of the group, from 1 on.</param>
/// <param name="Rewrites">Changes made; a group counts those of its passes.</param>
/// <param name="Refusals">Candidates, nodes or weights, that the pass itself left alone; those of a group are with its passes.</param>
public sealed record PassRun(string Pass, string? Group, int Round, int Rewrites, int Refusals, ModelSize Before, ModelSize After);

/// <summary>The size of a model: nodes without Constant nodes, bodies included, and bytes of all constants.</summary>
public sealed record ModelSize(int Nodes, long Bytes)
{
    public static ModelSize Of(OnnxModel model)
    {
        var (nodes, bytes) = (0, 0L);
        foreach (var graph in GraphWalker.Graphs(model))
        {
            foreach (var value in graph.Initializers)
                bytes += value.Initializer!.ByteCount;
            foreach (var node in graph.Nodes)
                if (node.Is("Constant"))
                    bytes += node.ConstantOutput?.ByteCount ?? 0;
                else
                    nodes++;
        }
        return new ModelSize(nodes, bytes);
    }
}
