using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What may stand at a graph output.</summary>
internal static class GraphOutputs
{
    /// <summary>A value can take an output's name when the graph makes it and it has no such name yet; any other costs an Identity.</summary>
    public static bool CanBecomeOutputOf(this Value value, Graph graph) =>
        value.Graph == graph && value.Producer is not null && !value.IsGraphOutput;
}
