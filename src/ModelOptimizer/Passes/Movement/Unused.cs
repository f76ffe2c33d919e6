using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Takes away what a rewrite left without readers.</summary>
internal static class Unused
{
    /// <summary>Removes the node once nothing reads its outputs.</summary>
    public static void RemoveIfUnused(this Node node)
    {
        if (node.Graph is not null && node.Outputs.All(output => output is null || output.Uses.Count == 0))
            node.Remove();
    }
}
